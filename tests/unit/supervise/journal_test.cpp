#include "corun/supervise/journal.hpp"

#include "corun/sys/socket.hpp"
#include "log_support.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

using namespace corun;
using namespace corun::supervise;
using namespace corun::supervise::testing;

namespace {

/// Where journald would listen.
class MadeUpJournal {
public:
    [[nodiscard]] std::string path() const { return directory_.path + "/socket"; }

    void listen() {
        const sys::UniqueFd directory = sys::open(directory_.path, O_RDONLY | O_DIRECTORY);
        socket_ = sys::bind_datagram(directory, "socket", 0600);
    }

    /// The next entry, also where it came as a file; "(none)".
    std::string next() const {
        std::string data(65536, '\0');
        iovec place{.iov_base = data.data(), .iov_len = data.size()};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
        msghdr message{};
        message.msg_iov = &place;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const ssize_t size = ::recvmsg(socket_.ref().number(), &message, MSG_DONTWAIT);
        if (size < 0) {
            return "(none)";
        }
        data.resize(static_cast<std::size_t>(size));
        if (cmsghdr* header = CMSG_FIRSTHDR(&message)) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(header), sizeof number);
            const sys::UniqueFd file(number);
            CHECK(data.empty());
            CHECK((::fcntl(number, F_GET_SEALS) & F_SEAL_WRITE) != 0);
            return sys::read_at(file, 0, kReadLimit);
        }
        return data;
    }

private:
    ScratchDirectory directory_;
    sys::UniqueFd socket_;
};

}  // namespace

TEST_CASE("journal: a line is an entry that names the container, a part of one says so") {
    MadeUpJournal listener;
    listener.listen();
    Journal journal("0123456789abcdef", listener.path());

    const Journal::Sent sent = journal.send(LogStream::error, "one\ntwo");

    CHECK(sent.error_number == 0);
    CHECK(sent.part.bytes == 7);
    CHECK(sent.part.lines == 1);
    const std::string fields =
        "PRIORITY=3\nCONTAINER_ID=0123456789ab\nCONTAINER_ID_FULL=0123456789abcdef\n"
        "CONTAINER_NAME=0123456789abcdef\nCONTAINER_TAG=0123456789abcdef\n"
        "SYSLOG_IDENTIFIER=0123456789abcdef\n";
    CHECK(listener.next() == fields + "MESSAGE=one\n");
    CHECK(listener.next() == fields + "MESSAGE=two\nCONTAINER_PARTIAL_MESSAGE=true\n");
    CHECK(listener.next() == "(none)");
}

TEST_CASE("journal: one that takes no more gets the rest later, no line twice") {
    MadeUpJournal listener;
    listener.listen();
    Journal journal("web", listener.path());
    const std::string bytes = numbered_lines(5000);

    std::string received;
    std::string_view left = bytes;
    unsigned refusals = 0;
    while (!left.empty()) {
        const Journal::Sent sent = journal.send(LogStream::out, left);
        left.remove_prefix(sent.part.bytes);
        refusals += sent.error_number == EAGAIN ? 1 : 0;
        for (std::string entry = listener.next(); entry != "(none)"; entry = listener.next()) {
            received += entry.substr(entry.find("MESSAGE=") + 8);
        }
    }

    CHECK(refusals > 0);
    CHECK((received == bytes));
}

TEST_CASE("journal: what is too large for a datagram goes as a sealed file") {
    MadeUpJournal listener;
    listener.listen();
    Journal journal("web", listener.path());
    const std::string line(1 << 20, 'x');

    CHECK(journal.send(LogStream::out, "a\n" + line + "\nb\n").part.lines == 3);

    CHECK(listener.next().ends_with("MESSAGE=a\n"));
    const std::string large = listener.next();
    CHECK(large.ends_with("xx\n"));
    CHECK(large.size() > line.size());
    CHECK(listener.next().ends_with("MESSAGE=b\n"));
}

TEST_CASE("journal: one that is absent is an answer, and found when it is there again") {
    MadeUpJournal listener;
    Journal journal("web", listener.path());
    CHECK(journal.send(LogStream::out, "a\n").error_number == ENOENT);

    listener.listen();
    CHECK(journal.send(LogStream::out, "a\n").part.lines == 1);

    listener.listen();  // started anew
    CHECK(journal.send(LogStream::out, "b\n").error_number == ECONNREFUSED);
    CHECK(journal.send(LogStream::out, "b\n").part.lines == 1);
    CHECK(listener.next().ends_with("MESSAGE=b\n"));
}
