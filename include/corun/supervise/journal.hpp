// Output to systemd's journal, by its native protocol. In the supervisor.
// https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
#pragma once

#include "corun/supervise/log_record.hpp"
#include "corun/sys/fd.hpp"

#include <string>
#include <string_view>

namespace corun::supervise {

inline constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

class Journal {
public:
    /// Connects when first written to.
    Journal(std::string id, std::string socket = kJournalSocket)
        : id_(std::move(id)), path_(std::move(socket)) {}

    /// One entry. `ends`: the line does. 0, or an errno; EAGAIN: the journal takes no more for now.
    [[nodiscard]] int send_errno(LogStream stream, std::string_view line, bool ends);

private:
    [[nodiscard]] std::string entry(LogStream stream, std::string_view line, bool ends) const;

    std::string id_;
    std::string path_;
    sys::UniqueFd socket_;
};

}  // namespace corun::supervise
