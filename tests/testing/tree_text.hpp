// A file tree written down, for the tests of the native readers.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "filesystem/raw_tree.hpp"

namespace imgport::testing {

// "dir/ file link@", in the order of the tree.
inline std::string names(RawTree &tree, std::string_view path)
{
    auto const entries = tree.list(path);
    if (!entries)
        return "error: " + entries.error().message;
    std::string out;
    for (auto const &entry : *entries) {
        if (!out.empty())
            out += ' ';
        out += entry.name;
        if (entry.kind != FileKind::regular)
            out += entry.kind == FileKind::directory ? '/' : entry.kind == FileKind::symlink ? '@' : '?';
    }
    return out;
}

// Read in pieces of an odd size.
inline std::string content(RawTree &tree, std::string_view path)
{
    auto const stream = tree.open(path);
    if (!stream)
        return "error: " + stream.error().message;
    std::string out;
    std::vector<std::byte> buffer(30011);
    while (true) {
        auto const n = (*stream)->read(buffer);
        if (!n)
            return "error: " + n.error().message;
        if (*n == 0)
            return out;
        out.append(reinterpret_cast<const char *>(buffer.data()), *n);
    }
}

// The paths of all that is no directory, sorted.
inline std::vector<std::string> files_below(RawTree &tree, const std::string &path)
{
    std::vector<std::string> out;
    std::vector<std::string> folders{path};
    while (!folders.empty()) {
        std::string const folder = folders.back();
        folders.pop_back();
        auto const entries = tree.list(folder).value();
        for (auto const &entry : entries) {
            std::string const child = (folder == "/" ? "" : folder) + "/" + entry.name;
            (entry.kind == FileKind::directory ? folders : out).push_back(child);
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace imgport::testing
