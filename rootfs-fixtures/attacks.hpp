// What a hostile process inside a container does; commands of the probe.
#pragma once

#include <string>
#include <vector>

namespace attacks {

/// prey: until SIGTERM, at every process that is new here and runs another program than this one:
/// takes its executable and descriptors, attaches to it, looks through its root. Then tells what it
/// got. (CVE-2016-9962, CVE-2019-5736)
void prey_on_new_processes(const std::vector<std::string>& arguments);

/// swap A B: until killed, exchanges the names A and B. (CVE-2021-30465 and its kin)
void swap_names(const std::vector<std::string>& arguments);

}  // namespace attacks
