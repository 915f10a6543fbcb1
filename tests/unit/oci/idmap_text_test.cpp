// crun's id mappings as a mount option.
#include "corun/oci/idmap_text.hpp"

#include "corun/base/error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace corun;
using namespace corun::oci;

namespace {

const std::vector<IdMapping> kContainer{
    {.container_id = 0, .host_id = 0, .size = 1}, {.container_id = 1, .host_id = 2, .size = 1000}};

std::string error_of(const std::string& text) {
    try {
        (void)parse_idmap_text(text, kContainer, kContainer);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("idmap text: lists of triplets, of the file system's ids and the host's") {
    const IdmapText parsed = parse_idmap_text("uids=0-1-10#10-11-10;gids=0-100-10", {}, {});

    CHECK(
        parsed.uids ==
        std::vector<IdMapping>{
            {.container_id = 0, .host_id = 1, .size = 10},
            {.container_id = 10, .host_id = 11, .size = 10}}
    );
    CHECK(parsed.gids == std::vector<IdMapping>{{.container_id = 0, .host_id = 100, .size = 10}});
}

TEST_CASE("idmap text: with @ the second id is one of the container's") {
    const IdmapText parsed = parse_idmap_text("uids=@1-3-10;gids=@0-0-1", kContainer, kContainer);

    CHECK(parsed.uids == std::vector<IdMapping>{{.container_id = 1, .host_id = 4, .size = 10}});
    CHECK(parsed.gids == std::vector<IdMapping>{{.container_id = 0, .host_id = 0, .size = 1}});
}

TEST_CASE("idmap text: what is wrong with it is said") {
    CHECK(error_of("uids=0-1;gids=0-0-1") == "\"0-1\": expected FIRST-MAPPED-SIZE");
    CHECK(error_of("uids=0-x-1;gids=0-0-1") == "\"x\" is no id");
    CHECK(error_of("uids=0-5000000000-1;gids=0-0-1") == "\"5000000000\" is no id");
    CHECK(error_of("pids=0-0-1") == "\"pids=0-0-1\": expected uids=… or gids=…");
    CHECK(error_of("uids=0-0-1") == "expected both uids=… and gids=…");
    CHECK(
        error_of("uids=@0-2000-1;gids=0-0-1") ==
        "id 2000 is not mapped in the container's user namespace"
    );
}
