// The mappings in crun's mount option `idmap=uids=0-1000-1#1-2000-10;gids=@0-0-1`. crun(1)
#pragma once

#include "corun/oci/spec.hpp"

#include <string_view>
#include <vector>

namespace corun::oci {

struct IdmapText {
    std::vector<IdMapping> uids;
    std::vector<IdMapping> gids;
};

/// `text` is what stands behind `idmap=`: lists of FIRST-MAPPED-SIZE, the first id being that of
/// the file system, the second the host's. With `@` in front a triplet's second id is one of the
/// user namespace that `uids` and `gids` map. Throws Error for what is no such text, for an id that
/// they do not map, and where one of the two lists is absent, since the kernel needs both.
[[nodiscard]] IdmapText parse_idmap_text(
    std::string_view text, const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids
);

}  // namespace corun::oci
