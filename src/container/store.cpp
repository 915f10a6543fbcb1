// The state root on disk. Parent side.
#include "corun/container/store.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace corun::container {

namespace {

constexpr const char* kRecordFile = "state.json";
constexpr const char* kConfigFile = "config.json";
constexpr std::size_t kConfigLimit = 64UL << 20U;
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

[[noreturn]] void throw_absent() {
    throw Error("container does not exist");
}

/// The last record of a state file that is whole, which its newline shows; nothing if none is.
std::optional<std::string_view> last_record(std::string_view text) {
    const std::size_t end = text.find_last_not_of('\n', text.rfind('\n'));
    if (text.rfind('\n') == std::string_view::npos || end == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view whole = text.substr(0, end + 1);
    return whole.substr(whole.rfind('\n') + 1);
}

/// rm -r below `directory`, symlinks not followed.
void remove_content(sys::FdRef directory) {
    for (const std::string& name : sys::list_directory(directory)) {
        const std::optional<struct stat> status =
            sys::try_fstatat(directory, name, AT_SYMLINK_NOFOLLOW);
        if (status && S_ISDIR(status->st_mode)) {
            remove_content(sys::openat(directory, name, kOpenDirectory));
            sys::unlinkat(directory, name, AT_REMOVEDIR);
        } else {
            (void)sys::try_unlinkat(directory, name);  // gone already is what is wanted
        }
    }
}

}  // namespace

ContainerDirectory::ContainerDirectory(ContainerId id, std::string path, sys::UniqueFd fd)
    : id_(std::move(id)), path_(std::move(path)), fd_(std::move(fd)) {}

ContainerDirectory::ContainerDirectory(ContainerDirectory&& other) noexcept
    : id_(std::move(other.id_)),
      path_(std::move(other.path_)),
      fd_(std::move(other.fd_)),
      locked_(std::exchange(other.locked_, false)),
      saved_bytes_(other.saved_bytes_) {}

ContainerDirectory::~ContainerDirectory() {
    unlock();
}

void ContainerDirectory::save(const Record& record) {
    in_context(
        [&] { return concat("save state of ", quote(id_.text())); },
        [&] {
            const std::string text = concat("\n", to_json(record, id_.text()));
            sys::append_to_file(fd_, kRecordFile, text, 0600);
            saved_bytes_ += text.size();
        }
    );
}

bool ContainerDirectory::is_as_saved() const {
    const std::optional<struct stat> status = sys::try_fstatat(fd_, kRecordFile);
    return status && static_cast<std::uint64_t>(status->st_size) == saved_bytes_;
}

std::optional<Record> ContainerDirectory::load() const {
    return in_context(
        [&] { return concat("read state of ", quote(id_.text())); },
        [&]() -> std::optional<Record> {
            const std::optional<std::string> text =
                sys::try_read_file(fd_, kRecordFile, kConfigLimit);
            const std::optional<std::string_view> last = text ? last_record(*text) : std::nullopt;
            if (!last) {
                return std::nullopt;
            }
            return record_from_json(*last);
        }
    );
}

Record ContainerDirectory::load_existing() const {
    std::optional<Record> record = load();
    if (!record) {
        throw Error("the container was never created completely");
    }
    return *std::move(record);
}

void ContainerDirectory::save_config(std::string_view text) const {
    sys::create_file(fd_, kConfigFile, text, 0600);
}

void ContainerDirectory::replace_config(std::string_view text) const {
    sys::replace_file(fd_, kConfigFile, text, 0600);
}

std::string ContainerDirectory::load_config() const {
    return in_context(
        [&] { return concat("read configuration of ", quote(id_.text())); },
        [&] { return sys::read_file(fd_, kConfigFile, kConfigLimit); }
    );
}

void ContainerDirectory::lock() {
    sys::lock_exclusive(fd_);
    locked_ = true;
    check_still_there();
}

bool ContainerDirectory::try_lock() {
    if (!sys::try_lock_exclusive(fd_)) {
        return false;
    }
    locked_ = true;
    check_still_there();
    return true;
}

/// Whoever had the lock before may have deleted the directory.
void ContainerDirectory::check_still_there() {
    if (is_gone()) {
        unlock();
        throw_absent();
    }
}

void ContainerDirectory::unlock() noexcept {
    if (!std::exchange(locked_, false)) {
        return;
    }
    try {
        sys::unlock(fd_);
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): closing the descriptor does it too
    }
}

bool ContainerDirectory::is_gone() const {
    return sys::fstat(fd_).st_nlink == 0;
}

bool ContainerDirectory::is_busy() const {
    if (locked_) {
        return false;
    }
    // By an open file of its own: flock(2) would take a lock on this one as a change of its kind.
    const sys::UniqueFd probe = sys::openat(fd_, ".", kOpenDirectory);
    return !sys::try_lock_shared(probe);
}

void ContainerDirectory::remove() {
    in_context(
        [&] { return concat("remove ", quote(path_)); },
        [&] {
            // What is usually there, without looking.
            (void)sys::try_unlinkat(fd_, kConfigFile);
            (void)sys::try_unlinkat(fd_, kRecordFile);
            const int error_number = sys::rmdirat_errno(sys::FdRef::cwd(), path_);
            if (error_number == ENOTEMPTY) {
                remove_content(fd_);
                sys::unlinkat(sys::FdRef::cwd(), path_, AT_REMOVEDIR);
            } else if (error_number != 0) {
                throw_errno_value(error_number, "rmdir");
            }
        }
    );
}

sys::UniqueFd Store::open_or_make_root() const {
    std::optional<sys::UniqueFd> existing = sys::try_open(root_, O_PATH | O_DIRECTORY);
    if (existing) {
        return *std::move(existing);
    }
    sys::make_directories(root_, 0700);
    return sys::open(root_, O_PATH | O_DIRECTORY);
}

ContainerDirectory Store::create(const ContainerId& id) const {
    const sys::UniqueFd root = open_or_make_root();
    if (!sys::try_mkdirat(root, id.text(), 0700)) {
        throw Error("container with given ID already exists");
    }
    ContainerDirectory directory(
        id, concat(root_, "/", id.text()), sys::openat(root, id.text(), kOpenDirectory)
    );
    directory.lock();
    return directory;
}

std::optional<ContainerDirectory> Store::try_open(const ContainerId& id) const {
    std::string path = concat(root_, "/", id.text());
    std::optional<sys::UniqueFd> fd = sys::try_open(path, kOpenDirectory);
    if (!fd) {
        return std::nullopt;
    }
    return ContainerDirectory(id, std::move(path), *std::move(fd));
}

ContainerDirectory Store::open(const ContainerId& id) const {
    std::optional<ContainerDirectory> directory = try_open(id);
    if (!directory) {
        throw_absent();
    }
    return *std::move(directory);
}

std::vector<ContainerId> Store::list() const {
    const std::optional<sys::UniqueFd> root = sys::try_open(root_, O_RDONLY | O_DIRECTORY);
    if (!root) {
        return {};
    }
    std::vector<std::string> names = sys::list_directory(*root);
    std::sort(names.begin(), names.end());
    std::vector<ContainerId> ids;
    for (const std::string& name : names) {
        if (is_container_id(name)) {
            ids.emplace_back(name);
        }
    }
    return ids;
}

std::string default_root(const RootChoice& choice) {
    const bool root_outside =
        choice.effective_uid == 0 && !(choice.in_user_namespace && choice.user != "root");
    if (root_outside || choice.xdg_runtime_dir.empty()) {
        return "/run/corun";
    }
    return choice.xdg_runtime_dir + "/corun";
}

}  // namespace corun::container
