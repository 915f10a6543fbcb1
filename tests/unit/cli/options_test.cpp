// How words become options: the rules of Go's flag package, which callers of runc rely on.
#include "corun/cli/options.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

using namespace corun;
using namespace corun::cli;

namespace {

constexpr std::array kTable{
    Option{.name = "bundle", .letter = "b", .argument = "DIR", .help = "where"},
    Option{.name = "detach", .letter = "d", .argument = "", .help = "go"},
    Option{.name = "env", .letter = "e", .argument = "X", .help = "more"},
    Option{.name = "no-subreaper", .letter = "", .argument = "", .help = "alone"},
    Option{.name = "preserve-fds", .letter = "", .argument = "N", .help = "some"},
};

using Words = std::vector<std::string>;

Arguments parse(const Words& words, OptionPlace place = OptionPlace::anywhere) {
    return parse_arguments({.options = kTable, .place = place}, words);
}

std::string refusal_of(const Words& words) {
    try {
        (void)parse(words);
    } catch (const Error& error) {
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("options: one dash or two, long name or letter, value apart or joined") {
    for (const Words& words : {
             Words{"--bundle", "/b"},
             Words{"-bundle", "/b"},
             Words{"--bundle=/b"},
             Words{"-bundle=/b"},
             Words{"-b", "/b"},
             Words{"--b=/b"},
             Words{"-b=/b"},
         }) {
        CAPTURE(words.front());
        CHECK(parse(words).text("bundle") == "/b");
    }
    CHECK(parse({"--bundle=a=b"}).text("bundle") == "a=b");
    CHECK(parse({"--bundle="}).was_given("bundle"));
    CHECK(parse({"--bundle", "--detach"}).text("bundle") == "--detach");
}

TEST_CASE("options: a switch is on by its name and off by =false, and takes no next word") {
    CHECK(parse({"-no-subreaper"}).is_on("no-subreaper"));
    CHECK(parse({"--detach=true"}).is_on("detach"));
    CHECK_FALSE(parse({"--detach=false"}).is_on("detach"));
    CHECK_FALSE(parse({"-d", "--detach=0"}).is_on("detach"));
    CHECK_FALSE(parse({}).is_on("detach"));
    CHECK(parse({"--detach", "false"}).operands() == Words{"false"});
}

TEST_CASE("options: a repeated one keeps all its values, the last counts alone") {
    const Arguments arguments = parse({"-e", "A=1", "--env=B=2"});

    CHECK(arguments.texts("env") == Words{"A=1", "B=2"});
    CHECK(arguments.text("env") == "B=2");
}

TEST_CASE("options: they may follow operands, unless the first operand ends them") {
    const Words words{"web", "-d", "x", "--bundle", "/b"};

    const Arguments anywhere = parse(words);
    CHECK(anywhere.operands() == Words{"web", "x"});
    CHECK(anywhere.is_on("detach"));
    CHECK(anywhere.text("bundle") == "/b");

    const Arguments strict = parse(words, OptionPlace::before_operands);
    CHECK(strict.operands() == words);
    CHECK_FALSE(strict.is_on("detach"));
}

TEST_CASE("options: two dashes end them, one dash is an operand") {
    CHECK(parse({"-d", "--", "-d", "--", "x"}).operands() == Words{"-d", "--", "x"});
    CHECK(parse({"-", "web"}).operands() == Words{"-", "web"});
    CHECK(parse({"", "web"}).operands() == Words{"", "web"});
}

TEST_CASE("options: what is wrong is named") {
    CHECK(refusal_of({"--bogus"}) == "flag provided but not defined: --bogus");
    CHECK(refusal_of({"-x=1"}) == "flag provided but not defined: -x=1");
    CHECK(refusal_of({"---detach"}) == "flag provided but not defined: ---detach");
    CHECK(refusal_of({"--=x"}) == "flag provided but not defined: --=x");
    CHECK(refusal_of({"web", "--bundle"}) == "flag needs an argument: --bundle");
    CHECK(refusal_of({"--detach=maybe"}) == R"(--detach: expected true or false, found "maybe")");
}

TEST_CASE("options: a number is a number") {
    CHECK(parse({"--preserve-fds", "3"}).number("preserve-fds") == 3);
    CHECK(parse({}).number("preserve-fds") == 0);
    for (const char* text : {"-1", "", "3x", "4294967296"}) {
        CAPTURE(text);
        const Arguments arguments = parse({"--preserve-fds=" + std::string(text)});
        CHECK_THROWS_AS((void)arguments.number("preserve-fds"), Error);
    }
}

TEST_CASE("options: the help has a line for each") {
    CHECK(
        describe_options(kTable) ==
        "   --bundle, -b DIR  where\n"
        "   --detach, -d      go\n"
        "   --env, -e X       more\n"
        "   --no-subreaper    alone\n"
        "   --preserve-fds N  some\n"
    );
}
