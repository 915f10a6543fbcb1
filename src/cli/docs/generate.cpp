// The generator of manual pages and completions; run when corun is built, not installed.
//
//   generate-docs man DIR              writes corun.1 and corun-COMMAND.1 to DIR
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
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace corun::cli {

namespace {

void write_page(const std::string& directory, std::string_view name, const std::string& text) {
    const std::string path = concat(directory, "/", name, ".1");
    sys::write_all(sys::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644), text);
}

void write_manual(const std::string& directory) {
    write_page(directory, "corun", program_manual());
    for (const Command* command : all_commands()) {
        write_page(directory, concat("corun-", command->name), command_manual(*command));
    }
}

void generate(std::span<const std::string> words) {
    if (words.size() != 2) {
        throw Error("usage: generate-docs man DIR | bash FRAME | zsh FRAME | fish FRAME");
    }
    const std::string& what = words[0];
    if (what == "man") {
        write_manual(words[1]);
        return;
    }
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
