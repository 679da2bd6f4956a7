// What the guest's own tools will put into the next initramfs.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// dracut's or initramfs-tools' configuration, of whichever makes this guest's initramfs.
Known<InitramfsRecipe> read_initramfs_recipe(FileTree &tree);

}  // namespace imgport
