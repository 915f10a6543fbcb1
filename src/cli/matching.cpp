// Containers by regular expression. Parent side.
#include "corun/cli/matching.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <array>
#include <regex.h>

namespace corun::cli {

namespace {

class Pattern : NonCopyable {
public:
    explicit Pattern(const std::string& text) {
        const int error = ::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB);
        if (error != 0) {
            std::array<char, 128> reason = {};
            (void)::regerror(error, &compiled_, reason.data(), reason.size());  // its length
            throw Error(concat("regular expression ", quote(text), ": ", reason.data()));
        }
    }

    ~Pattern() { ::regfree(&compiled_); }

    Pattern(const Pattern&) = delete;
    Pattern& operator=(const Pattern&) = delete;
    Pattern(Pattern&&) = delete;
    Pattern& operator=(Pattern&&) = delete;

    [[nodiscard]] bool matches(const std::string& text) const {
        return ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
    }

private:
    regex_t compiled_ = {};
};

}  // namespace

std::vector<container::ContainerId> matching(
    const std::vector<container::ContainerId>& ids, const std::string& pattern
) {
    const Pattern compiled(pattern);
    std::vector<container::ContainerId> out;
    for (const container::ContainerId& id : ids) {
        if (compiled.matches(id.text())) {
            out.push_back(id);
        }
    }
    return out;
}

int for_each_match(
    const container::Engine& engine,
    const std::string& pattern,
    const std::function<void(const container::ContainerId&)>& act
) {
    int exit_code = 0;
    for (const container::ContainerId& id : matching(engine.store().list(), pattern)) {
        try {
            act(id);
        } catch (const Error& error) {
            engine.log().warning(concat(quote(id.text()), ": ", error.what()));
            exit_code = 1;
        }
    }
    return exit_code;
}

}  // namespace corun::cli
