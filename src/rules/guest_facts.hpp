// Questions that several rules ask of the facts about a guest.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/facts.hpp>

namespace imgport {

// The kernel that starts by default; the newest one where no boot entry says; nullptr where there is none.
const KernelFacts *default_kernel(const GuestFacts &guest);

// The boot entries to judge: the default one, or all of them where none is the default. Empty where none are known.
std::vector<const BootEntry *> judged_entries(const GuestFacts &guest);

// The values of NAME=VALUE on a kernel command line, in order; double quotes are taken off.
std::vector<std::string> kernel_parameters(std::string_view command_line, std::string_view name);

// The volume that holds the root filesystem; nullptr where it is not known.
const VolumeFacts *root_volume(const Inspection &inspection, const GuestFacts &guest);

// A file with SSH keys that let somebody in; nullptr where none is known.
const CredentialFile *find_key(const GuestFacts &guest);

bool contains(const std::vector<std::string> &words, std::string_view word);

// Whether `a` is an older version than `b`: runs of digits compare as numbers, the rest as text.
bool is_older_version(std::string_view a, std::string_view b);

// Whether cloud-init runs at boot and configures the network.
bool cloud_init_configures_network(const CloudInitFacts &cloud_init);

// Whether cloud-init was told to leave the network alone, and the image configures none of its own.
bool leaves_network_to_nobody(const GuestFacts &guest);

// Container Linux, Flatcar, Fedora CoreOS and their like: Ignition and Afterburn take cloud-init's place there.
bool is_coreos(const OsFacts &os);
inline constexpr std::string_view ignition_instead = "Ignition configures this system, not cloud-init";

// How a kernel has a driver.
enum class Driver { absent, builtin, module, unknown };
// `name` with '_', as modinfo writes it; `option` the kernel option that builds it.
Driver driver_in(const KernelFacts &kernel, std::string_view name, std::string_view option);
// Why driver_in() was unknown.
std::string unknown_drivers_reason(const KernelFacts &kernel);

// Its version is a number, and not only part of a file's name ("vmlinuz-linux").
bool has_version_number(const KernelFacts &kernel);
// The initramfs holds modules, and none of them is for this kernel.
bool has_foreign_initramfs(const KernelFacts &kernel);

}  // namespace imgport
