// The files of a bundle as `create` and `check` read them. Parent side; only looks.
#pragma once

#include <string>

namespace corun::container {

struct BundleFiles {
    std::string path;         // of the bundle; absolute, without symlinks
    std::string config_name;  // as in messages
    std::string config;       // the text
};

/// `config_file` is the caller's --config; empty: config.json in the bundle.
[[nodiscard]] BundleFiles read_bundle(const std::string& bundle, const std::string& config_file);

}  // namespace corun::container
