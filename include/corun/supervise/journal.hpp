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
    explicit Journal(std::string id, std::string socket = kJournalSocket)
        : id_(std::move(id)), path_(std::move(socket)) {}

    /// What was sent, and the errno for which the rest was not.
    struct Sent {
        LogPart part;
        int error_number = 0;
    };

    /// An entry for each line, many in one call. EAGAIN: the journal takes no more for now.
    [[nodiscard]] Sent send(LogStream stream, std::string_view bytes);

private:
    [[nodiscard]] int connect_errno();
    [[nodiscard]] std::string fields(LogStream stream) const;

    std::string id_;
    std::string path_;
    sys::UniqueFd socket_;
};

}  // namespace corun::supervise
