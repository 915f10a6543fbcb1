// Names of those who made containers.
#include "corun/cli/owner.hpp"

#include "corun/sys/file.hpp"

namespace corun::cli {

std::string Owners::name_of(const container::Summary& summary) {
    if (!summary.record) {
        return {};
    }
    if (!passwd_) {
        passwd_ = sys::try_read_file(sys::FdRef::cwd(), "/etc/passwd").value_or(std::string());
    }
    return container::user_name(summary.record->owner, *passwd_);
}

}  // namespace corun::cli
