// The parts of `check`, one concern each; `src/container/check_*.cpp` has their code.
// Parent side. None of them changes anything on the host.
#pragma once

#include "corun/container/engine.hpp"
#include "corun/container/findings.hpp"
#include "corun/container/plan_builder.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

/// What is being checked.
struct CheckSubject {
    const PlanInput& plan_input;
    const EngineOptions& options;

    [[nodiscard]] const oci::Spec& spec() const { return plan_input.spec; }

    [[nodiscard]] const Privileges& privileges() const { return plan_input.privileges; }
};

/// Members of config.json that nobody reads; `unread` are their pointers.
void check_unread(const oci::Spec& spec, const std::vector<std::string>& unread, Findings& out);

// check_process.cpp
void check_process(const CheckSubject& subject, Findings& out);
// check_namespaces.cpp
void check_namespaces(const CheckSubject& subject, Findings& out);
// check_ids.cpp
void check_id_mappings(const CheckSubject& subject, Findings& out);
// check_cgroup.cpp
void check_cgroup(const CheckSubject& subject, Findings& out);
// check_files.cpp
void check_files(const CheckSubject& subject, Findings& out);
// check_seccomp.cpp
void check_seccomp(const CheckSubject& subject, Findings& out);

/// A range of ids.
struct IdRange {
    std::uint64_t first = 0;
    std::uint64_t count = 0;

    bool operator==(const IdRange&) const = default;
};

/// The rows of /etc/subuid or /etc/subgid that are `user`'s, by name or number. (subuid(5))
[[nodiscard]] std::vector<IdRange> parse_subordinate_ids(
    std::string_view text, std::string_view user, std::uint32_t uid
);

/// The ids that exist in a user namespace with that uid_map. (user_namespaces(7))
[[nodiscard]] std::vector<IdRange> parse_id_map(std::string_view text);

/// Every id of `wanted` is in one of `ranges`.
[[nodiscard]] bool are_covered(IdRange wanted, std::vector<IdRange> ranges);

}  // namespace corun::container
