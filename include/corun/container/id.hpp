// ContainerId: the name a caller gives a container, checked once; whoever holds one may use it as
// a file name. Parent side.
#pragma once

#include <string>
#include <string_view>

namespace corun::container {

/// Letters, digits, `_`, `+`, `-` and `.`; neither "." nor ".."; 1 to 255 bytes, as it names a
/// directory.
class ContainerId {
public:
    /// Throws Error `container id cannot be empty` or `invalid container ID format: …`.
    explicit ContainerId(std::string_view text);

    [[nodiscard]] const std::string& text() const { return text_; }

    friend bool operator==(const ContainerId&, const ContainerId&) = default;

private:
    std::string text_;
};

/// The rule alone.
[[nodiscard]] bool is_container_id(std::string_view text);

}  // namespace corun::container
