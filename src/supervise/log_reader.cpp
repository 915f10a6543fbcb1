// Reading logs that somebody else writes. In commands.
#include "corun/supervise/log_reader.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <utility>

namespace corun::supervise {

namespace {

constexpr std::size_t kBlock = 65536;

/// Lines of a file from its last to its first, with where they begin. What follows the last newline
/// is none.
class LinesBackward {
public:
    explicit LinesBackward(sys::FdRef file)
        : file_(file), start_(static_cast<std::size_t>(sys::fstat(file).st_size)) {
        fill();
        text_.resize(text_.find_last_of('\n') + 1);  // npos + 1 is 0
    }

    struct Line {
        std::size_t offset = 0;
        std::string_view text;  // until the next call
    };

    std::optional<Line> next() {
        if (has_given_) {
            text_.resize(given_);
        }
        if (text_.empty()) {
            return std::nullopt;
        }
        std::size_t before = text_.rfind('\n', text_.size() - 2);
        while ((before == std::string::npos || text_.size() < 2) && start_ > 0) {
            fill();
            before = text_.size() < 2 ? std::string::npos : text_.rfind('\n', text_.size() - 2);
        }
        given_ = text_.size() < 2 || before == std::string::npos ? 0 : before + 1;
        has_given_ = true;
        const std::string_view line = std::string_view(text_).substr(given_);
        return Line{.offset = start_ + given_, .text = line.substr(0, line.size() - 1)};
    }

private:
    /// Puts the block before in front, and more until there is a newline.
    void fill() {
        do {
            const std::size_t size = std::min(kBlock, start_);
            start_ -= size;
            text_.insert(0, sys::read_at(file_, start_, size));
        } while (start_ > 0 && text_.find('\n') == std::string::npos);
    }

    sys::FdRef file_;
    std::size_t start_;  // of text_ in the file
    std::string text_;   // ends behind the line that comes next
    std::size_t given_ = 0;
    bool has_given_ = false;
};

}  // namespace

LogReader::LogReader(std::string path, LogDriver driver, LogSelection selection, Sink sink)
    : path_(std::move(path)),
      driver_(driver),
      selection_(std::move(selection)),
      sink_(std::move(sink)) {}

std::optional<LogReader::File> LogReader::try_open(const std::string& path) {
    std::optional<sys::UniqueFd> fd = sys::try_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!fd) {
        return std::nullopt;
    }
    const struct stat status = sys::fstat(*fd);
    if (!S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    return File{.fd = std::move(*fd), .device = status.st_dev, .inode = status.st_ino};
}

/// Of the older files: `web.log.7` → 7; 0: there are none.
unsigned LogReader::highest_number() const {
    const std::size_t slash = path_.rfind('/');
    const std::string prefix = path_.substr(slash + 1) + ".";
    unsigned highest = 0;
    const std::optional<sys::UniqueFd> directory =
        sys::try_open(path_.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
    if (!directory) {
        return 0;
    }
    for (const std::string_view name : sys::list_directory(*directory)) {
        if (name.starts_with(prefix)) {
            highest =
                std::max(highest, parse_number<unsigned>(name.substr(prefix.size())).value_or(0));
        }
    }
    return highest;
}

/// The files that were begun after the current one, oldest first. Opened from the newest on: a
/// rotation meanwhile makes one be met twice, but none be missed.
std::vector<LogReader::File> LogReader::files_since_current() const {
    std::vector<File> files;
    std::optional<File> newest = try_open(path_);
    if (newest && current_ && newest->is_same(*current_)) {
        return files;
    }
    if (newest) {
        files.push_back(std::move(*newest));
    }
    const unsigned highest = highest_number() + 1;  // one more by then
    for (unsigned number = 1; number <= highest; ++number) {
        std::optional<File> file = try_open(concat(path_, ".", number));
        if (!file || (!files.empty() && file->is_same(files.back()))) {
            continue;
        }
        if (current_ && file->is_same(*current_)) {
            break;
        }
        files.push_back(std::move(*file));
    }
    std::reverse(files.begin(), files.end());
    return files;
}

void LogReader::read() {
    std::vector<File> files = files_since_current();
    if (!has_begun_) {
        has_begun_ = true;
        if (selection_.tail) {
            skip_to_tail(files);
        }
    }
    // After the look for others: what is not the newest any more gets no more records.
    if (current_) {
        read_file(*current_);
    }
    for (File& file : files) {
        current_ = std::move(file);
        read_file(*current_);
    }
}

void LogReader::skip_to_tail(std::vector<File>& files) {
    std::uint64_t left = *selection_.tail;
    for (std::size_t i = files.size(); i > 0; --i) {
        if (find_tail(files[i - 1], left, i == files.size())) {
            files.erase(files.begin(), files.begin() + static_cast<std::ptrdiff_t>(i) - 1);
            return;
        }
    }
}

/// Counts down `left` by the lines that end in the file. True: the tail begins in it, at its
/// offset. A line that is still going on at the end of the log counts as one.
bool LogReader::find_tail(File& file, std::uint64_t& left, bool is_last) {
    LinesBackward lines(file.fd);
    while (const std::optional<LinesBackward::Line> line = lines.next()) {
        const std::optional<LogRecord> record = parse_record(driver_, line->text, scratch_);
        const std::size_t end = line->offset + line->text.size() + 1;
        const bool is_open_line = record && !record->ends_line && std::exchange(is_last, false);
        if (!record || (!record->ends_line && !is_open_line)) {
            continue;
        }
        is_last = false;
        if (!selection_.until.empty() && record->time >= selection_.until) {
            continue;
        }
        if (left == 0 || record->time < selection_.since) {
            file.offset = end;
            return true;
        }
        --left;
    }
    return false;
}

void LogReader::read_file(File& file) {
    std::string text;
    while (true) {
        const std::string block = sys::read_at(file.fd, file.offset + text.size(), kBlock);
        if (block.empty()) {
            break;
        }
        text += block;
        std::string_view rest = text;
        for (std::size_t end = rest.find('\n'); end != std::string_view::npos;
             end = rest.find('\n')) {
            take_line(rest.substr(0, end));
            rest.remove_prefix(end + 1);
        }
        const std::size_t taken = text.size() - rest.size();
        file.offset += taken;
        text.erase(0, taken);
    }
    // A batch that did not fit on the disk was taken back.
    const auto size = static_cast<std::size_t>(sys::fstat(file.fd).st_size);
    file.offset = std::min(file.offset, size);
}

void LogReader::take_line(std::string_view line) {
    const std::optional<LogRecord> record = parse_record(driver_, line, scratch_);
    if (!record) {
        return;
    }
    const auto stream = static_cast<std::size_t>(record->stream);
    const bool begins = !in_line_[stream];
    if (begins) {
        is_wanted_[stream] = record->time >= selection_.since &&
                             (selection_.until.empty() || record->time < selection_.until);
    }
    in_line_[stream] = !record->ends_line;
    if (is_wanted_[stream]) {
        sink_(*record, begins);
    }
}

}  // namespace corun::supervise
