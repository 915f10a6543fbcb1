// The files of a bundle. Parent side.
#include "corun/container/bundle.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

namespace corun::container {

BundleFiles read_bundle(const std::string& bundle, const std::string& config_file) {
    constexpr std::size_t kConfigLimit = 16U << 20U;  // bytes; the reader's own limit
    BundleFiles files;
    files.path = in_context(
        [&] { return concat("bundle ", quote(bundle)); }, [&] { return sys::real_path(bundle); }
    );
    const sys::UniqueFd directory = sys::open(files.path, O_PATH | O_DIRECTORY);
    const bool is_default = config_file.empty();
    files.config_name = is_default ? "config.json" : config_file;
    const sys::FdRef base = is_default ? directory.ref() : sys::FdRef::cwd();
    files.config = sys::read_file(base, files.config_name, kConfigLimit);
    return files;
}

}  // namespace corun::container
