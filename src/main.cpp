// The program's entry: everything is in cli/app.
#include "corun/cli/app.hpp"

#include <string>
#include <vector>

int main(int argc, char** argv) {
    // argv[0] is not looked at; an empty argv is possible. (execve(2))
    const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    return corun::cli::run_app(words);
}
