// The descriptor of a VMDK: VMware "Virtual Disk Format 5.0", "The Text Descriptor".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/container.hpp"

namespace imgport {

struct VmdkDescriptor {
    std::string create_type;
    std::string parent_cid = {};                  // as written; "ffffffff": no parent
    std::optional<std::string> parent_hint = {};  // parentFileNameHint
    bool encrypted = false;
    std::vector<VmdkExtent> extents = {};
    std::vector<std::uint64_t> extent_offsets = {};  // where each extent line lies in the file

    bool has_parent() const;
    // All extents together, bytes; nullopt where that overflows.
    std::optional<std::uint64_t> size() const;
};

// Whether a text file is a descriptor: by its first line, or by what QEMU takes for one (comments, then a version).
bool is_vmdk_descriptor(std::string_view head);

// Every line must be a comment, an extent or key=value. `base` is where the text lies in the file.
Result<VmdkDescriptor> parse_vmdk_descriptor(std::string_view text, std::uint64_t base);

// For a descriptor that is a file of its own: what its extents lead to. Nothing is opened; the files beside the image
// are only looked at by lstat. An error (malformed) where a flat extent is shorter than the descriptor says.
Result<void> check_vmdk_extents(const Container &container, const AllowedFiles &allowed,
                                const VmdkDescriptor &descriptor, ImageFacts &facts);

// The hazards that do not depend on where the descriptor lies: parents, encryption.
void add_vmdk_descriptor_hazards(const VmdkDescriptor &descriptor, ImageFacts &facts);

// Whether a name leads out of its folder.
bool has_path(std::string_view name);

}  // namespace imgport
