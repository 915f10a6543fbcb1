// The generator of manual pages and completions; run when corun is built, not installed.
//
//   generate-docs man FILE...          writes corun.1 and a corun-COMMAND.1 for each command: FILEs
//   generate-docs bash|zsh|fish FRAME  writes the completion to standard output
#include "corun/base/error.hpp"
#include "corun/base/text.hpp"
#include "corun/cli/commands.hpp"
#include "corun/cli/completion.hpp"
#include "corun/cli/manual.hpp"
#include "corun/cli/output.hpp"
#include "corun/sys/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace corun::cli {

namespace {

std::map<std::string, std::string> manual_pages() {
    std::map<std::string, std::string> pages{{"corun.1", program_manual()}};
    for (const Command* command : all_commands()) {
        pages.emplace(concat("corun-", command->name, ".1"), command_manual(*command));
    }
    return pages;
}

/// What is not among the files would not be installed.
void write_manual(std::span<const std::string> files) {
    std::map<std::string, std::string> pages = manual_pages();
    for (const std::string& path : files) {
        const auto page = pages.find(path.substr(path.rfind('/') + 1));
        if (page == pages.end()) {
            throw Error(concat("no command has the page ", quote(path)));
        }
        sys::write_all(sys::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644), page->second);
        pages.erase(page);
    }
    if (!pages.empty()) {
        throw Error(concat("nobody asks for the page ", quote(pages.begin()->first)));
    }
}

void generate(std::span<const std::string> words) {
    if (words.size() > 1 && words[0] == "man") {
        write_manual(words.subspan(1));
        return;
    }
    if (words.size() != 2) {
        throw Error("usage: generate-docs man FILE... | bash FRAME | zsh FRAME | fish FRAME");
    }
    const std::string& what = words[0];
    std::string frame = sys::read_file(sys::FdRef::cwd(), words[1]);
    if (what == "bash") {
        print(bash_completion(std::move(frame)));
    } else if (what == "zsh") {
        print(zsh_completion(std::move(frame)));
    } else if (what == "fish") {
        print(fish_completion(std::move(frame)));
    } else {
        throw Error(concat("unknown kind ", quote(what)));
    }
}

}  // namespace

}  // namespace corun::cli

int main(int argc, char** argv) {
    try {
        const std::vector<std::string> words(argv + 1, argv + argc);
        corun::cli::generate(words);
        return 0;
    } catch (const std::exception& error) {
        (void)::write(STDERR_FILENO, error.what(), std::string_view(error.what()).size());
        (void)::write(STDERR_FILENO, "\n", 1);
        return 1;
    }
}
