// The program's entry: everything is in cli/app.
#include "corun/cli/app.hpp"

#include <csignal>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    // A reader that goes away is an error of write(2) here, not the end of a program that has a
    // container to look after. Children start with the default again.
    (void)std::signal(SIGPIPE, SIG_IGN);
    // argv[0] is not looked at; an empty argv is possible. (execve(2))
    const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    return corun::cli::run_app(words);
}
