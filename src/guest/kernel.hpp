// The kernels a guest has: their images, modules and initramfs.
#pragma once

#include <string>
#include <vector>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// What lies in /boot and /lib/modules, sorted by version as text. Whatever is inside the initramfs is left to
// read_kernel_initramfs().
Known<std::vector<KernelFacts>> read_kernels(FileTree &tree);

// A kernel that a boot entry names; its version comes from the name or from the image itself.
KernelFacts kernel_of_image(GuestFiles &files, const std::string &image);

// Fills `modules`, `initramfs_udev_rules` and the like out of `initramfs`; where there is none, out of what is linked
// into the kernel, whose image then is `initramfs`.
void read_kernel_initramfs(FileTree &tree, KernelFacts &kernel);

// Fills `builtin`, `installed` and `config` by `version`.
void read_kernel_modules(FileTree &tree, KernelFacts &kernel);

}  // namespace imgport
