// What the static libdbus wants from elsewhere and never uses here: it has the server's side and
// TCP in it too. With libc's own getaddrinfo(3) and getpwuid_r(3) the static binary would carry a
// resolver, and load the host's NSS modules if ever one was called. corun itself asks for no names.
// Linked into the static binary only.
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>

#include <cerrno>
#include <netdb.h>

extern "C" {

// Of libsystemd: socket activation of a server.
int sd_listen_fds(int unset_environment);
int sd_is_socket(int fd, int family, int type, int listening);

int sd_listen_fds(int /*unset_environment*/) {
    return 0;
}

int sd_is_socket(int /*fd*/, int /*family*/, int /*type*/, int /*listening*/) {
    return 0;
}

int getaddrinfo(const char*, const char*, const struct addrinfo*, struct addrinfo**) {
    return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo*) noexcept {}

const char* gai_strerror(int) noexcept {
    return "host names are not supported";
}

int getnameinfo(const struct sockaddr*, socklen_t, char*, socklen_t, char*, socklen_t, int) {
    return EAI_FAIL;
}

int getpwnam_r(const char*, struct passwd*, char*, size_t, struct passwd** result) {
    *result = nullptr;
    return ENOENT;
}

int getpwuid_r(uid_t, struct passwd*, char*, size_t, struct passwd** result) {
    *result = nullptr;
    return ENOENT;
}

int getgrouplist(const char*, gid_t, gid_t*, int* count) {
    *count = 0;
    return -1;
}

}  // extern "C"
