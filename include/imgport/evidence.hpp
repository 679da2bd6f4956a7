// Where a statement about an image comes from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace imgport {

// Where a statement comes from. `line` counts from 1, `offset` is in bytes.
struct Evidence {
    std::string file = {};
    std::optional<std::uint64_t> line = {};
    std::optional<std::uint64_t> offset = {};
    std::string value = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("file", self.file);
        visit("line", self.line);
        visit("offset", self.offset);
        visit("value", self.value);
    }
};

}  // namespace imgport
