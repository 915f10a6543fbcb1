// The program's entry: everything is in cli/app.
#include "corun/cli/app.hpp"

#include <csignal>

int main(int argc, char** argv) {
    // A reader that goes away is an error of write(2) here, not the end of a program that has a
    // container to look after. Children start with the default again.
    (void)std::signal(SIGPIPE, SIG_IGN);
    return corun::cli::run_app(argc, argv);
}
