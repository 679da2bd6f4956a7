#include <imgport/check.hpp>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "rules/rule.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

bool speaks_of(Guests guests, const OsFacts &os)
{
    switch (guests) {
    case Guests::any: return true;
    case Guests::unix_like: return os.id != "windows";
    case Guests::linux_only: return os.id != "windows" && os.id != "freebsd";
    case Guests::windows_only: return os.id == "windows";
    case Guests::freebsd_only: return os.id == "freebsd";
    }
    return true;
}

const char *name_of(Guests guests)
{
    switch (guests) {
    case Guests::any: return "all";
    case Guests::unix_like: return "Unix-like";
    case Guests::linux_only: return "Linux";
    case Guests::windows_only: return "Windows";
    case Guests::freebsd_only: return "FreeBSD";
    }
    return "all";
}

const char *family_of(const OsFacts &os)
{
    if (os.id == "windows")
        return "Windows";
    return os.id == "freebsd" ? "FreeBSD" : "Linux";
}

// Plain facts (GuestFacts::gaps) that a rule cannot do without, and that could not be read.
std::optional<std::string> gap_of(const Rule &rule, const GuestFacts *guest)
{
    struct Need {
        std::string_view rule;
        std::string_view fact;
    };
    constexpr std::array needs{
        Need{"os-release", "os"},
        Need{"platform-map", "os"},
        Need{"kernel-present", "kernels"},
        Need{"kernel-arch", "kernels"},
        Need{"kernel-arch", "architecture"},
        Need{"virtio-kernel", "kernels"},
        Need{"virtio-initramfs", "kernels"},
        Need{"nvme-kernel", "kernels"},
        Need{"nvme-timeout", "kernels"},
        Need{"xen-blkfront", "kernels"},
        Need{"virtio-autofix-list", "os"},
        Need{"virtio-autofix-list", "kernels"},
        Need{"autofs-initramfs-mismatch", "kernels"},
    };
    for (auto const &need : needs) {
        if (guest == nullptr || need.rule != rule.info.id)
            continue;
        if (auto const gap = guest->gaps.find(std::string(need.fact)); gap != guest->gaps.end())
            return gap->second;
    }
    return std::nullopt;
}

// Why a rule cannot be judged, or need not be; nullopt where it can.
std::optional<Outcome> not_judged(const Rule &rule, const RuleContext &context)
{
    if (rule.reads == Reads::container)
        return std::nullopt;
    if (rule.reads == Reads::nothing)
        return not_applicable(fmt::format("not checkable offline: {}", rule.info.fix));
    if (context.input.role == Role::data)
        return not_applicable("a rule for system disks; this is a data disk");
    if (context.input.image->format == Format::iso)
        return not_applicable("an ISO image is not an installed disk (see fmt-iso)");
    if (context.inspection == nullptr)
        return unknown("the disk was not inspected");
    auto const &gap = context.inspection->gap;
    if (rule.reads == Reads::disk) {
        if (!context.inspection->disk)
            return unknown(gap ? gap->reason : "the partition table was not read");
    } else if (rule.reads == Reads::guest && context.guest == nullptr) {
        if (gap)
            return unknown(gap->reason);
        return not_applicable("no operating system was found on this disk");
    }
    if (auto reason = gap_of(rule, context.guest))
        return unknown(*reason);
    if (context.guest != nullptr && !speaks_of(rule.guests, context.guest->os))
        return not_applicable(
            fmt::format("a rule for {} systems; this is {}", name_of(rule.guests), family_of(context.guest->os)));
    return std::nullopt;
}

RuleContext context_for(const CheckInput &input, const Profile &profile, const ImageFacts &container)
{
    const GuestFacts *guest =
        input.inspection != nullptr && input.inspection->guest ? &*input.inspection->guest : nullptr;
    return {input, profile, container, input.inspection, guest};
}

struct Judged {
    Outcome outcome;
    bool mended = false;
};

// Who switched a rule off, or one of its outcomes; nullptr where it is on.
const std::string *switched_off(const Profile &profile, const std::string &rule, const std::string &condition)
{
    auto const found = profile.off.find(rule);
    if (found == profile.off.end())
        return nullptr;
    auto const by = found->second.find(condition);
    return by == found->second.end() ? nullptr : &by->second;
}

// In `prepare` a container is judged as it will be written. What the source alone violates the conversion mends,
// but for what it carries over.
Judged judge_rule(const Rule &rule, const CheckInput &input, const Profile &profile)
{
    RuleContext const source = context_for(input, profile, *input.image);
    if (auto reason = not_judged(rule, source))
        return {std::move(*reason)};
    Outcome of_source = rule.judge(source);
    if (rule.reads != Reads::container || input.artifact == nullptr)
        return {std::move(of_source)};
    if (of_source.status == Status::violated && of_source.survives)
        return {std::move(of_source)};
    Outcome of_artifact = rule.judge(context_for(input, profile, *input.artifact));
    bool const good = of_artifact.status == Status::passed || of_artifact.status == Status::not_applicable;
    if (!good || of_source.status != Status::violated)
        return {std::move(of_artifact)};
    Outcome mended = passed(fmt::format("the source: {}; the conversion mends it", of_source.message),
                            std::move(of_source.evidence));
    return {std::move(mended), true};
}

// What is shown of one finding, whatever an image holds.
constexpr std::size_t max_evidence = 100;

std::vector<Evidence> shown(std::vector<Evidence> evidence)
{
    if (evidence.size() > max_evidence)
        evidence.resize(max_evidence);
    for (auto &item : evidence) {
        item.file = printable(item.file);
        item.value = printable(item.value, 1024);
    }
    return evidence;
}

// The severity of a violation; of anything else the gravest that the rule can have, so that a rule which could not
// be judged counts for what it might have found.
Severity severity_of(const RuleInfo &rule, const Outcome &outcome, const Profile &profile)
{
    auto const conditions = profile.severities.find(rule.id);
    if (conditions == profile.severities.end())
        return Severity::recommendation;
    if (outcome.status == Status::violated) {
        auto const graded = conditions->second.find(outcome.condition);
        if (graded != conditions->second.end())
            return graded->second;
    }
    Severity gravest = Severity::recommendation;
    for (auto const &[condition, severity] : conditions->second) {
        if (switched_off(profile, rule.id, condition) == nullptr)
            gravest = std::min(gravest, severity);
    }
    return gravest;
}

}  // namespace

Outcome judge_as(std::string_view id, const RuleContext &context)
{
    auto const &rules = all_rules();
    auto const rule = std::find_if(rules.begin(), rules.end(), [&](auto const &entry) { return entry.info.id == id; });
    if (rule == rules.end())
        return not_applicable(fmt::format("there is no rule {}", id));
    if (auto reason = not_judged(*rule, context))
        return std::move(*reason);
    return rule->judge(context);
}

std::vector<Finding> check(const CheckInput &input, const Profile &profile)
{
    std::vector<Finding> findings;
    for (auto const &rule : all_rules()) {
        if (!has_rule(profile, rule.info.id))
            continue;
        Judged judged;
        if (auto const *by = switched_off(profile, rule.info.id, "*"))
            judged.outcome = not_applicable(fmt::format("switched off by profile {}", *by));
        else
            judged = judge_rule(rule, input, profile);
        if (judged.outcome.status == Status::violated) {
            if (auto const *by = switched_off(profile, rule.info.id, judged.outcome.condition))
                judged.outcome = not_applicable(
                    fmt::format("this outcome is switched off by profile {}: {}", *by, judged.outcome.message));
        }
        Finding finding{.rule = rule.info.id, .message = {}};
        finding.severity = severity_of(rule.info, judged.outcome, profile);
        finding.status = judged.outcome.status;
        finding.message = printable(judged.outcome.message);
        finding.evidence = shown(std::move(judged.outcome.evidence));
        finding.source = rule.info.source;
        if (finding.status == Status::violated)
            finding.fix = rule.info.fix;
        bool const machine = input.inspection != nullptr && input.inspection->gap && input.inspection->gap->machine;
        if (finding.status == Status::unknown && machine)
            finding.machine = true;
        if (judged.mended)
            finding.mended = true;
        if (rule.reads == Reads::guest && input.inspection != nullptr && input.inspection->guest)
            finding.inspector = input.inspection->inspector;
        findings.push_back(std::move(finding));
    }
    return findings;
}

}  // namespace imgport
