// The text of org.corun.Supervisor.varlink, compiled in.
#pragma once

#include <string_view>

namespace corun::supervise {

extern const std::string_view kSupervisorDescription;

}  // namespace corun::supervise
