// Requests of `checkpoint` and `restore`.
#include "corun/cli/criu_options.hpp"

#include "corun/base/error.hpp"
#include "corun/base/text.hpp"

#include <cstdint>

namespace corun::cli {

namespace {

container::CriuCgroupMode parse_cgroup_mode(const std::string& text) {
    using Mode = container::CriuCgroupMode;
    if (text.empty()) {
        return Mode::automatic;
    }
    if (text == "soft") {
        return Mode::soft;
    }
    if (text == "full") {
        return Mode::full;
    }
    if (text == "strict") {
        return Mode::strict;
    }
    if (text == "ignore") {
        return Mode::ignore;
    }
    throw Error(concat(
        "--manage-cgroups-mode: expected soft, full, strict or ignore, found ", double_quote(text)
    ));
}

container::CriuNetworkLock parse_network_lock(const std::string& text) {
    using Lock = container::CriuNetworkLock;
    if (text.empty()) {
        return Lock::automatic;
    }
    if (text == "iptables") {
        return Lock::iptables;
    }
    if (text == "nftables") {
        return Lock::nftables;
    }
    throw Error(concat("--network-lock: expected iptables or nftables, found ", double_quote(text))
    );
}

void check_empty_namespaces(const Arguments& arguments) {
    for (const std::string& kind : arguments.texts("empty-ns")) {
        if (kind != "network") {
            throw Error(concat("--empty-ns: namespace ", double_quote(kind), " is not supported"));
        }
    }
}

[[noreturn]] void refuse_page_server(std::string_view text) {
    throw Error(concat("--page-server: expected ADDRESS:PORT, found ", double_quote(text)));
}

/// runc's default is -1: none.
std::optional<int> parse_status_fd(const Arguments& arguments) {
    if (!arguments.was_given("status-fd") || arguments.text("status-fd") == "-1") {
        return std::nullopt;
    }
    constexpr unsigned kHighest = INT32_MAX;
    const unsigned number = arguments.number("status-fd");
    if (number > kHighest) {
        throw Error(concat("--status-fd: ", number, " is no descriptor"));
    }
    return static_cast<int>(number);
}

}  // namespace

container::CriuPageServer parse_page_server(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        refuse_page_server(text);
    }
    std::string_view address = text.substr(0, colon);
    const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
    const bool bracketed = address.starts_with('[') && address.ends_with(']');
    if (bracketed) {
        address = address.substr(1, address.size() - 2);
    }
    const bool is_ambiguous = !bracketed && address.find(':') != std::string_view::npos;
    if (address.empty() || is_ambiguous || !port || *port == 0) {
        refuse_page_server(text);
    }
    return {.address = std::string(address), .port = *port};
}

container::CriuFlags criu_flags(const Arguments& arguments) {
    check_empty_namespaces(arguments);
    return {
        .image_path = arguments.text("image-path"),
        .work_path = arguments.text("work-path"),
        .tcp_established = arguments.is_on("tcp-established"),
        .ext_unix_sk = arguments.is_on("ext-unix-sk"),
        .shell_job = arguments.is_on("shell-job"),
        .file_locks = arguments.is_on("file-locks"),
        .auto_dedup = arguments.is_on("auto-dedup"),
        .lazy_pages = arguments.is_on("lazy-pages"),
        .cgroup_mode = parse_cgroup_mode(arguments.text("manage-cgroups-mode")),
        .network_lock = parse_network_lock(arguments.text("network-lock")),
    };
}

container::CheckpointRequest checkpoint_request(const Invocation& invocation) {
    const Arguments& arguments = invocation.arguments;
    std::optional<container::CriuPageServer> page_server;
    if (!arguments.text("page-server").empty()) {
        page_server = parse_page_server(arguments.text("page-server"));
    }
    return {
        .id = invocation.id(),
        .flags = criu_flags(arguments),
        .parent_path = arguments.text("parent-path"),
        .leave_running = arguments.is_on("leave-running"),
        .pre_dump = arguments.is_on("pre-dump"),
        .tcp_skip_in_flight = arguments.is_on("tcp-skip-in-flight"),
        .link_remap = arguments.is_on("link-remap"),
        .page_server = page_server,
        .status_fd = parse_status_fd(arguments),
    };
}

container::RestoreRequest restore_request(
    const Invocation& invocation, const std::string& notify_socket
) {
    const Arguments& arguments = invocation.arguments;
    return {
        .run =
            {
                .create =
                    {
                        .id = invocation.id(),
                        .bundle = arguments.was_given("bundle") ? arguments.text("bundle") : ".",
                        .console_socket = arguments.text("console-socket"),
                        .pid_file = arguments.text("pid-file"),
                        .no_pivot = arguments.is_on("no-pivot"),
                        .notify_socket = notify_socket,
                    },
                .detach = arguments.is_on("detach"),
            },
        .flags = criu_flags(arguments),
        .tcp_close = arguments.is_on("tcp-close"),
        .lsm_profile = arguments.text("lsm-profile"),
        .lsm_mount_context = arguments.text("lsm-mount-context"),
    };
}

}  // namespace corun::cli
