// The program's entry: everything is in cli/app.
#include "corun/cli/app.hpp"

#include <csignal>
#include <cstdlib>

int main(int argc, char** argv) {
    // A reader that goes away is an error of write(2) here, not the end of a program that has a
    // container to look after. Children start with the default again.
    (void)std::signal(SIGPIPE, SIG_IGN);
    // Without the destructors of globals: there is nothing to flush, and they would be waited for.
    std::_Exit(corun::cli::run_app(argc, argv));
}
