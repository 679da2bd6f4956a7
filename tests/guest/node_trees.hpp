// A few files and links, as a guest of ours and as a folder that a real program is asked about.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "guest.hpp"

namespace imgport::testing {

struct Node {
    const char *path;
    const char *text;  // what a link points to begins with "->", and a folder is "/"
};
using Nodes = std::vector<Node>;

inline void add_to_guest(Guest &guest, const Nodes &nodes)
{
    for (auto const &[path, text] : nodes) {
        std::string const all = text;
        if (all.starts_with("->"))
            guest.link(path, all.substr(2));
        else if (all == "/")
            guest.directory(path);
        else
            guest.file(path, all);
    }
}

inline void add_to_folder(const std::string &folder, const Nodes &nodes)
{
    for (auto const &[path, text] : nodes) {
        std::string const all = text;
        std::string const full = folder + path;
        std::filesystem::create_directories(std::filesystem::path(full).parent_path());
        if (all.starts_with("->"))
            std::filesystem::create_symlink(all.substr(2), full);
        else if (all == "/")
            std::filesystem::create_directories(full);
        else
            std::ofstream(full) << all;
    }
}

}  // namespace imgport::testing
