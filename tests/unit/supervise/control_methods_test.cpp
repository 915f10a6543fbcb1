// The methods of the control socket, without a socket; and that they are the ones described.
#include "corun/supervise/control_methods.hpp"

#include "control_support.hpp"
#include "corun/async/loop.hpp"
#include "corun/base/text.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace corun;
using namespace corun::supervise;
using supervise::testing::MadeUpControl;

namespace {

VarlinkReply answer_to(MadeUpControl& control, const std::string& message) {
    const ReceivedCall received(message);
    MethodCall call{.control = &control, .call = &received, .send = {}};
    async::Loop loop;
    return loop.run(answer(call));
}

VarlinkReply call_method(
    MadeUpControl& control, const std::string& name, const std::string& parameters
) {
    return answer_to(
        control, message_of({.method = supervisor_name(name), .parameters = parameters})
    );
}

/// A description's tokens: words, `->`, and single characters; comments left out.
std::vector<std::string> tokens_of(std::string_view text) {
    std::vector<std::string> tokens;
    for (std::string_view line : split(text, '\n')) {
        line = line.substr(0, line.find('#'));
        while (!line.empty()) {
            const std::size_t word = line.find_first_not_of(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."
            );
            std::size_t length = word == std::string_view::npos ? line.size() : word;
            length = length != 0 ? length : line.starts_with("->") ? 2 : 1;
            if (line[0] != ' ') {
                tokens.emplace_back(line.substr(0, length));
            }
            line.remove_prefix(length);
        }
    }
    return tokens;
}

/// Reads a description by varlink's grammar (https://varlink.org/Interface-Definition), or throws.
class DescriptionReader {
public:
    explicit DescriptionReader(std::string_view text) : tokens_(tokens_of(text)) {
        expect("interface");
        interface = next();
        while (at_ < tokens_.size()) {
            read_member();
        }
        for (const std::string& used : used_types_) {
            require(types.contains(used), "type " + used + " is not described");
        }
    }

    std::string interface;
    std::set<std::string> methods;
    std::set<std::string> types;
    std::set<std::string> errors;

private:
    static void require(bool truth, const std::string& what) {
        if (!truth) {
            throw Error(what);
        }
    }

    std::string next() {
        require(at_ < tokens_.size(), "unexpected end");
        return tokens_[at_++];
    }

    void expect(const std::string& token) {
        const std::string found = next();
        require(found == token, "expected " + token + ", found " + found);
    }

    bool accept(const std::string& token) {
        if (at_ < tokens_.size() && tokens_[at_] == token) {
            ++at_;
            return true;
        }
        return false;
    }

    void read_member() {
        const std::string kind = next();
        const std::string name = next();
        require(name[0] >= 'A' && name[0] <= 'Z', name + ": a name begins with a capital");
        if (kind == "method") {
            require(methods.insert(name).second, name + " is there twice");
            read_struct();
            expect("->");
        } else {
            require(kind == "type" || kind == "error", "unexpected " + kind);
            require(
                (kind == "type" ? types : errors).insert(name).second, name + " is there twice"
            );
        }
        read_struct();
    }

    /// `(name: type, …)`, or an enumeration `(name, …)`.
    void read_struct() {
        expect("(");
        while (!accept(")")) {
            (void)next();
            if (accept(":")) {
                read_type();
            }
            require(accept(",") || tokens_.at(at_) == ")", "expected , or )");
        }
    }

    void read_type() {
        (void)accept("?");
        while (accept("[")) {
            expect("]");
        }
        const std::string name = next();
        const std::set<std::string> plain{"bool", "int", "float", "string", "object"};
        if (!plain.contains(name)) {
            used_types_.insert(name);
        }
    }

    std::vector<std::string> tokens_;
    std::size_t at_ = 0;
    std::set<std::string> used_types_;
};

}  // namespace

TEST_CASE("control methods: every one is described, and every one described is there") {
    const DescriptionReader description(*interface_description(kSupervisorInterface));
    std::set<std::string> served;
    for (const ControlMethod& method : control_methods()) {
        served.emplace(method.name);
    }

    CHECK(description.interface == kSupervisorInterface);
    CHECK(description.methods == served);
    CHECK(
        description.errors ==
        std::set<std::string>{"Busy", "Failed", "NoSuchContainer", "Upgrading"}
    );
    CHECK_NOTHROW(DescriptionReader(*interface_description(kServiceInterface)));
}

TEST_CASE("control methods: the service tells its interfaces and their descriptions") {
    MadeUpControl control;

    const VarlinkReply info = answer_to(control, R"({"method":"org.varlink.service.GetInfo"})");
    const VarlinkReply text = answer_to(
        control,
        R"({"method":"org.varlink.service.GetInterfaceDescription",)"
        R"("parameters":{"interface":"org.corun.Supervisor"}})"
    );
    const VarlinkReply other = answer_to(
        control,
        R"({"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"a.b"}})"
    );

    CHECK(
        info.parameters ==
        R"({"vendor":"corun","product":"corun supervise","version":"1.2","url":"",)"
        R"("interfaces":["org.varlink.service","org.corun.Supervisor"]})"
    );
    CHECK(text.parameters.find("method Start(id: string) -> ()") != std::string::npos);
    CHECK(other.error == "org.varlink.service.InterfaceNotFound");
}

TEST_CASE("control methods: what nobody knows is not found") {
    MadeUpControl control;

    CHECK(call_method(control, "Dance", "{}").error == "org.varlink.service.MethodNotFound");
    CHECK(
        answer_to(control, R"({"method":"a.b.C"})").error == "org.varlink.service.InterfaceNotFound"
    );
    CHECK(answer_to(control, R"({"method":"C"})").error == "org.varlink.service.InterfaceNotFound");
}

TEST_CASE("control methods: a wrong or missing parameter is named") {
    MadeUpControl control;
    control.add("web");

    for (const char* const parameters : {"{}", R"({"id":7})"}) {
        const VarlinkReply reply = call_method(control, "Start", parameters);
        CHECK(reply.error == "org.varlink.service.InvalidParameter");
        CHECK(reply.parameters == R"({"parameter":"id"})");
    }
    const VarlinkReply reply =
        call_method(control, "ResizeTerminal", R"({"id":"web","rows":70000,"columns":1})");
    CHECK(reply.parameters == R"({"parameter":"rows"})");
    CHECK(control.actions.empty());
}

TEST_CASE("control methods: a container that is not supervised is named") {
    MadeUpControl control;

    const VarlinkReply reply = call_method(control, "Stop", R"({"id":"web"})");

    CHECK(reply.error == "org.corun.Supervisor.NoSuchContainer");
    CHECK(reply.parameters == R"({"id":"web"})");
}

TEST_CASE("control methods: actions reach the supervisor, and their failures the caller") {
    MadeUpControl control;
    control.add("web");

    for (const char* const name : {"Start", "Stop", "Restart"}) {
        CHECK(call_method(control, name, R"({"id":"web"})").error.empty());
    }
    CHECK(call_method(control, "Reload", "{}").error.empty());
    CHECK(call_method(control, "Upgrade", "{}").error.empty());
    (void)call_method(control, "ResizeTerminal", R"({"id":"web","rows":24,"columns":80})");
    control.refusal = "config.json: no";
    const VarlinkReply refused = call_method(control, "Start", R"({"id":"web"})");

    CHECK(
        control.actions ==
        std::vector<std::string>{
            "start web",
            "stop web",
            "restart web",
            "reload",
            "upgrade",
            "resize web 24x80",
        }
    );
    CHECK(refused.error == "org.corun.Supervisor.Failed");
    CHECK(refused.parameters == R"({"message":"config.json: no"})");
}

TEST_CASE("control methods: a list leaves the history out, a status has it") {
    MadeUpControl control;
    control.add("web");
    control.units.front().history = {{.time = "t"}};

    CHECK(call_method(control, "List", "{}").parameters.ends_with(R"("history":[]}]})"));
    CHECK(
        call_method(control, "Status", R"({"id":"web"})").parameters.find(R"("time":"t")") !=
        std::string::npos
    );
}

TEST_CASE("control methods: one that has more replies or wants the connection says so") {
    MadeUpControl control;
    control.add("web");

    CHECK(call_method(control, "Events", "{}").error == "org.varlink.service.ExpectedMore");
    CHECK(call_method(control, "Attach", R"({"id":"web"})").error == "org.corun.Supervisor.Failed");
    const std::string upgrade =
        message_of({.method = supervisor_name("List"), .kind = CallKind::upgrade});
    CHECK(answer_to(control, upgrade).error == "org.corun.Supervisor.Failed");
}
