// What several clouds ask of an image, each under a rule of its own and with the limits of its profile.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.hpp"

namespace imgport {

// What several rules say together: the worst of them, all violations in one. Where each violation has a condition, the
// first one's is kept; else the outcome is the usual one.
Outcome judge_all(std::initializer_list<std::string_view> ids, const RuleContext &context);

// Limits::formats, ::variants and ::wrappers.
Outcome judge_format(const RuleContext &context);

// Limits of the disk by its role, and Limits::size_multiple.
Outcome judge_disk_size(const RuleContext &context);

// Limits::root_filesystems; NTFS for Windows.
Outcome judge_root_filesystem(const RuleContext &context);

// Limits::name_max and ::description_max against what the user asks for.
Outcome judge_names(const RuleContext &context);

// Nothing on the disk is encrypted, whether it is opened at boot or not.
Outcome judge_encryption(const RuleContext &context);

// What the system boots from lies on this disk.
Outcome judge_boot_disk(const RuleContext &context);

// A driver, and where it must be.
struct WantedDriver {
    std::string_view name;
    std::string_view option;  // of the kernel's configuration
    bool early = false;       // before the root filesystem is mounted: in the kernel or in its initramfs
};
Outcome judge_drivers(const RuleContext &context, const std::vector<WantedDriver> &wanted, std::string_view otherwise);

// Words of the kernel's command line, "quiet" or "console=ttyS0" (which "console=ttyS0,115200" is as well).
Outcome judge_command_line(const RuleContext &context, const std::vector<std::string_view> &wanted,
                           const std::vector<std::string_view> &unwanted, std::string_view otherwise);

// The kernel is of the distribution's own series and not a flavour that was built for some cloud.
Outcome judge_stock_kernel(const RuleContext &context);

// cloud-init runs at boot and may ask one of these datasources.
Outcome judge_datasource(const RuleContext &context, const std::vector<std::string_view> &names);

// Whether the boot of a system counts on Windows beside it, or the other way round: what shows it; empty: neither.
std::vector<Evidence> other_systems(const RuleContext &context);

}  // namespace imgport
