// The file that `--pid-file` asks for; conmon, containerd and podman read it. Parent side.
#include "corun/container/pid_file.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

namespace corun::container {

void write_pid_file(const std::string& path, pid_t pid) {
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    constexpr mode_t kMode = 0666;  // less the umask, as runc
    in_context(
        [&] { return concat("pid file ", quote(path)); },
        [&] {
            sys::replace_file(sys::open(parent, O_PATH | O_DIRECTORY), name, concat(pid), kMode);
        }
    );
}

}  // namespace corun::container
