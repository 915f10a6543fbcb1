// What `check` has to say of a bundle, finding by finding. Plain data and how it is gathered; pure.
#pragma once

#include "corun/base/error.hpp"
#include "corun/oci/problems.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace corun::container {

enum class Severity {
    error,    // `create` or `start` would fail
    warning,  // the container is most likely not what its author wants
    note,     // worth knowing
};

struct Finding {
    Severity severity = Severity::error;
    std::string pointer;  // into config.json; empty: the whole document
    std::string reason;

    bool operator==(const Finding&) const = default;
};

class Findings {
public:
    Findings() = default;

    /// Those of the document itself.
    explicit Findings(std::vector<oci::Problem> problems);

    /// Lets go what is about a property whose text is wrong already.
    void add(Severity severity, std::string_view pointer, std::string_view reason);

    /// As add(); a clause in front of the error that is a pointer itself is left out.
    void add(Severity severity, std::string_view pointer, const Error& error);

    /// Does what `create` would do; its failure is a finding. True if there was none.
    template <std::invocable Part>
    bool attempt(std::string_view pointer, const Part& part) {
        try {
            part();
            return true;
        } catch (const Error& error) {
            add(Severity::error, pointer, error);
            return false;
        }
    }

    [[nodiscard]] const std::vector<Finding>& list() const { return list_; }

    [[nodiscard]] std::size_t count(Severity severity) const;

private:
    std::vector<oci::Problem> problems_;
    std::vector<Finding> list_;
};

}  // namespace corun::container
