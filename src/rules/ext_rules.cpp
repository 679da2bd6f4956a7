// What ext2, ext3 and ext4 filesystems are made with, and their inodes.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

bool is_ext(const FilesystemFacts &filesystem)
{
    return filesystem.type == "ext2" || filesystem.type == "ext3" || filesystem.type == "ext4";
}

struct MountedExt {
    const VolumeFacts *volume;
    std::string target;
};

// Those that the guest mounts, root first; each volume once.
std::vector<MountedExt> mounted_ext(const RuleContext &context)
{
    std::vector<MountedExt> found;
    auto const add = [&](const VolumeFacts *volume, std::string target) {
        bool const is_new =
            volume != nullptr && is_ext(volume->filesystem) &&
            std::none_of(found.begin(), found.end(), [&](auto &other) { return other.volume == volume; });
        if (is_new)
            found.push_back({volume, std::move(target)});
    };
    add(root_volume(*context.inspection, *context.guest), "/");
    for (auto const &mount : context.guest->mountpoints)
        add(context.inspection->volume(mount.device), mount.target);
    return found;
}

// Judges every mounted ext filesystem by the words that `bad` finds in its features.
Outcome judge_features(const RuleContext &context, std::vector<std::string> (*bad)(const std::vector<std::string> &),
                       std::string_view consequence)
{
    auto const all = mounted_ext(context);
    if (all.empty()) {
        if (root_volume(*context.inspection, *context.guest) == nullptr)
            return unknown("the volume that holds the root filesystem is not known");
        return not_applicable("no ext filesystem is mounted");
    }
    std::vector<Evidence> evidence;
    std::vector<std::string> good;
    for (auto const &[volume, target] : all) {
        auto const found = bad(volume->filesystem.features);
        if (found.empty())
            good.push_back(target);
        else
            evidence.push_back(
                seen(volume->device, fmt::format("{} ({}): {}", target, volume->filesystem.type, join(found, ", "))));
    }
    if (evidence.empty())
        return passed("nothing of it on " + join(good, ", "));
    std::string message = fmt::format("{}: {}", evidence.front().value, consequence);
    return violated(std::move(message), std::move(evidence));
}

Outcome ext4_64bit(const RuleContext &context)
{
    return judge_features(
        context,
        [](const std::vector<std::string> &features) {
            return contains(features, "64bit") ? std::vector<std::string>{"64bit"} : std::vector<std::string>{};
        },
        "the cloud's documents ask for ext4 without it, else the filesystem may not be grown");
}

Outcome ext4_quota_project(const RuleContext &context)
{
    return judge_features(
        context,
        [](const std::vector<std::string> &features) {
            bool const both = contains(features, "quota") && contains(features, "project");
            return both ? std::vector<std::string>{"quota", "project"} : std::vector<std::string>{};
        },
        "the cloud's documents ask that not both be set, else the filesystem may not be grown");
}

Outcome ext4_modern_features(const RuleContext &context)
{
    return judge_features(
        context,
        [](const std::vector<std::string> &features) {
            std::vector<std::string> found;
            for (const char *name : {"metadata_csum", "metadata_csum_seed", "orphan_file", "large_dir", "casefold"}) {
                if (contains(features, name))
                    found.emplace_back(name);
            }
            return found;
        },
        "newer than what the cloud's documents speak of; older boot loaders and tools do not read all of them");
}

Outcome fs_free_inodes(const RuleContext &context)
{
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    if (root == nullptr)
        return unknown("the volume that holds the root filesystem is not known");
    auto const &filesystem = root->filesystem;
    constexpr std::array<std::string_view, 4> fixed{"ext2", "ext3", "ext4", "ufs"};
    if (std::find(fixed.begin(), fixed.end(), filesystem.type) == fixed.end())
        return not_applicable(fmt::format("{} makes inodes as it needs them", filesystem.type));
    if (!filesystem.inodes || !filesystem.free_inodes || *filesystem.inodes == 0)
        return unknown(fmt::format("the free inodes of {} ({}) could not be read", root->device, filesystem.type));
    std::string const has =
        fmt::format("the root filesystem has {} of {} inodes free", *filesystem.free_inodes, *filesystem.inodes);
    if (*filesystem.free_inodes >= *filesystem.inodes / 10)
        return passed(has);
    return violated(
        has + ": no more files can be made soon, whatever space is left",
        {seen(root->device, fmt::format("{} of {} inodes free", *filesystem.free_inodes, *filesystem.inodes))});
}

}  // namespace

std::vector<Rule> ext_rules()
{
    std::string const group = "storage";
    return {
        {{"ext4-64bit",
          group,
          "ext4 is made without the feature 64bit",
          "The cloud says that it does not grow such a filesystem. mke2fs sets it by default, and most such images "
          "do work.",
          "On a copy of the unmounted disk: e2fsck -f DEVICE, then resize2fs -s DEVICE",
          cite({"INS", "CHK"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         ext4_64bit},
        {{"ext4-quota-project",
          group,
          "ext4 has not both the features quota and project",
          "The cloud says that it does not grow such a filesystem.",
          "On a copy of the unmounted disk: tune2fs -O ^project DEVICE, then e2fsck -f DEVICE",
          cite({"INS"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         ext4_quota_project},
        {{"ext4-modern-features",
          group,
          "ext4 uses none of the features that old boot loaders and tools lack",
          "The cloud does not speak of them; another one refuses metadata_csum, and GRUB before 2.12 cannot read "
          "metadata_csum_seed.",
          "Nothing need be done where the image boots elsewhere. On a copy of the unmounted disk: tune2fs -O "
          "^metadata_csum_seed,^orphan_file DEVICE, then e2fsck -f DEVICE",
          cite({"CLOUDS", "PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         ext4_modern_features},
        {{"fs-free-inodes",
          group,
          "The root filesystem has inodes left",
          "Without inodes no file can be made: the cloud cannot configure the system.",
          "Find the folder with the many small files: du --inodes -x / | sort -n | tail; caches, sessions and mail "
          "queues are the usual ones",
          cite({"CHK", "PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         fs_free_inodes},
    };
}

}  // namespace imgport
