// YAML out of a guest: bounded before the parser sees it, and without exceptions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "guest/guest_files.hpp"

namespace imgport {

// The document in a file; nullopt where there is no such file, and, with the failure remembered, where it is no YAML
// mapping, is longer than 1 MiB or nested deeper than 64 levels. An empty file is a null node.
std::optional<YAML::Node> read_yaml(GuestFiles &files, const std::string &path);

// The node of a key in a mapping; an undefined node in every other case, never an exception.
YAML::Node yaml_child(const YAML::Node &node, const char *key);
// The text of a scalar; nullopt for everything else.
std::optional<std::string> yaml_text(const YAML::Node &node);
// The scalars of a sequence, at most 1000; one scalar counts as a sequence of itself.
std::vector<std::string> yaml_texts(const YAML::Node &node);
// The line of a node, from 1.
std::uint64_t yaml_line(const YAML::Node &node);

// How deep a YAML text may be nested, at most: an upper bound by brackets, indentation and "- - -" runs.
std::size_t yaml_depth_bound(std::string_view text);

}  // namespace imgport
