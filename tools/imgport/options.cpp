#include "options.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

namespace imgport::cli {
namespace {

template <class T>
void add_request(CLI::App &verb, const std::string &name, std::optional<T> &value, const std::string &what)
{
    verb.add_option(name, value, what)->group("Import parameters");
}

}  // namespace

void add_allowed(CLI::App &verb, AllowedFiles &allowed)
{
    verb.add_flag("--remote-sudo", allowed.remote_sudo, "Read an ssh://... as root there, by sudo without a password");
    verb.add_option("--allow-backing", allowed.backing,
                    "A backing file, in the image's own folder, that may be followed")
        ->type_name("FILE")
        ->allow_extra_args(false);
    verb.add_option("--allow-extent", allowed.extents, "A VMDK extent, in the image's own folder, that may be followed")
        ->type_name("FILE")
        ->allow_extra_args(false);
}

void add_format(CLI::App &verb, std::string &format)
{
    add_choice(verb, "--format", format, {"text", "json"}, "How the result is printed");
}

void add_max_unpacked(CLI::App &verb, std::uint64_t &bytes)
{
    verb.add_option("--max-unpacked", bytes, "Refuse an image that unpacks to more data than this (holes not counted)")
        ->transform(CLI::AsSizeValue(false))
        ->type_name("SIZE");
}

void add_inspector(CLI::App &verb, std::string &inspector)
{
    add_choice(verb, "--inspector", inspector, {"auto", "native", "appliance"},
               "Who reads the guest's filesystems: this program itself, or a libguestfs appliance");
}

void add_check_options(CLI::App &verb, CheckOptions &options)
{
    verb.add_option("--profile", options.profiles,
                    "The target's rules: one that imgport rules --profiles lists (alibaba where none is given), or the "
                    "path of your own .toml; may be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false);
    auto *const config = verb.add_option("--config", options.config,
                                         "Waivers and defaults, instead of imgport.toml in the current folder")
                             ->type_name("FILE");
    verb.add_flag("--no-config", options.no_config, "Without imgport.toml")->excludes(config);
    verb.add_option(
            "--baseline", options.baseline,
            "An earlier report (check --format json): what was violated there is accepted, what is new or worse "
            "is not")
        ->type_name("FILE");
    add_choice(verb, "--role", options.role, {"system", "data"}, "What the disk is for");
    add_choice(verb, "--fail-on", options.fail_on, {"fail", "unreachable", "feature", "recommendation", "never"},
               "The least severity that makes the verdict fail")
        ->each([&options](const std::string &) { options.fail_on_given = true; });
    verb.add_flag("--allow-unknown", options.allow_unknown,
                  "A rule that could not be judged does not spoil the verdict");
    add_max_unpacked(verb, options.max_unpacked);
    add_inspector(verb, options.inspector);
    add_allowed(verb, options.allowed);

    auto &request = options.request;
    add_request(verb, "--region", request.region, "RegionId, e.g. cn-hangzhou");
    add_request(verb, "--bucket", request.bucket, "OSSBucket");
    add_request(verb, "--object", request.object, "OSSObject: a key, or the URL that the console gives");
    add_request(verb, "--image-name", request.image_name, "ImageName, 2 to 128 characters");
    add_request(verb, "--description", request.description, "Description, 2 to 256 characters");
    add_request(verb, "--os-type", request.os_type, "OSType: linux or windows");
    add_request(verb, "--platform", request.platform, "Platform, e.g. Debian, \"Rocky Linux\"");
    add_request(verb, "--architecture", request.architecture, "Architecture: i386, x86_64 or arm64");
    add_request(verb, "--boot-mode", request.boot_mode, "BootMode: BIOS, UEFI or UEFI-Preferred");
    add_request(verb, "--system-disk-size", request.system_disk_size, "DiskImageSize of the system disk, GiB");
    add_request(verb, "--license-type", request.license_type, "LicenseType: Auto, Aliyun or BYOL");
    add_request(verb, "--resource-group", request.resource_group, "ResourceGroupId");
    add_request(verb, "--role-name", request.role_name, "RoleName of the role that reads the bucket");
    verb.add_option("--tag", options.tags, "Tag, as KEY=VALUE; may be repeated")
        ->group("Import parameters")
        ->type_name("K=V")
        ->allow_extra_args(false);
}

Result<Config> check_config(const CheckOptions &options)
{
    constexpr const char *usual = "imgport.toml";
    if (options.no_config)
        return Config{};
    if (!options.config.empty())
        return read_config(options.config);
    return std::filesystem::exists(usual) ? read_config(usual) : Config{};
}

Result<LintOptions> lint_options(const CheckOptions &options, const Config &config, const Globals &globals)
{
    LintOptions lint;
    auto const &wanted = options.profiles.empty() ? config.profiles : options.profiles;
    for (auto const &name : wanted) {
        auto profile = load_profile(name);
        if (!profile)
            return fail(profile.error());
        for (auto const &other : lint.profiles) {
            if (other.name == profile->name)
                return fail({ErrorCode::usage, fmt::format("--profile {} is given twice", other.name)});
        }
        lint.profiles.push_back(std::move(*profile));
    }
    if (lint.profiles.empty())
        lint.profiles.push_back(load_profile("alibaba").value());
    lint.accept.waivers = config.waivers;
    lint.accept.today = current_day();
    if (!options.baseline.empty()) {
        auto baseline = read_baseline(options.baseline);
        if (!baseline)
            return fail(baseline.error());
        lint.accept.baseline = std::move(*baseline);
    }
    lint.role = options.role == "data" ? Role::data : Role::system;
    lint.request = options.request;
    for (auto const &tag : options.tags) {
        auto const equals = tag.find('=');
        if (equals == std::string::npos)
            return fail({ErrorCode::usage, fmt::format("--tag {} is not of the form KEY=VALUE", tag)});
        lint.request.tags.emplace_back(tag.substr(0, equals), tag.substr(equals + 1));
    }
    lint.inspect.allowed = options.allowed;
    lint.inspect.temp_dir = globals.temp_dir;
    lint.inspect.max_unpacked = options.max_unpacked;
    lint.inspect.inspector = *parse_inspector(options.inspector);
    lint.verdict.allow_unknown = options.allow_unknown;
    // "never" is none of the severities.
    lint.verdict.fail_on =
        severity_from_string(options.fail_on_given ? options.fail_on : config.fail_on.value_or(options.fail_on));
    return lint;
}

void note_idle_waivers(const std::vector<Waiver> &waivers, const Report &report, ProgressSink &progress)
{
    for (auto const &waiver : waivers) {
        bool speaks = false;
        bool idle = true;
        for (auto const &entry : report.images) {
            bool const judged = entry.verdict != Verdict::refused && entry.verdict != Verdict::error;
            if (!judged || !covers(waiver, entry.path, entry.profile))
                continue;
            speaks = true;
            for (auto const &finding : entry.findings)
                idle = idle && !matches(waiver, finding);
        }
        if (speaks && idle)
            progress.note(
                fmt::format("{}: the waiver of {} matches nothing that was found", waiver.where, waiver.rule));
    }
}

void add_output_options(CLI::App &verb, OutputOptions &options)
{
    add_choice(verb, "--compression", options.compression, {"none", "fast", "small", "zstd"},
               "Of QCOW2 clusters; fast and small are zlib, zstd is refused by many readers");
    add_choice(verb, "--vhd-type", options.vhd_type, {"dynamic", "fixed"}, "Which kind of VHD");
    add_choice(verb, "--preallocation", options.preallocation, {"none", "metadata"},
               "metadata: every cluster of a plain QCOW2 has its place in the (sparse) file from the start");
    add_choice(verb, "--verify", options.verify, {"none", "structure", "content"},
               "structure: probe and qemu-img check; content: also compare every byte");
    add_choice(verb, "--engine", options.engine, {"auto", "native", "qemu"},
               "What converts: imgport itself or qemu-img");
    verb.add_option("--grow", options.grow,
                    "Make the disk this large, or so much larger; its backup GPT moves to the new end")
        ->type_name("[+]SIZE")
        ->check(CLI::Validator(
            [](const std::string &text) { return parse_wanted_size(text) ? std::string() : text + " is no size"; },
            ""));
    verb.add_option("--drop", options.drop,
                    "Leave out what is dead: blocks that no file uses (free-space), what was swapped out (swap)")
        ->type_name("WHAT")
        ->allow_extra_args(false)
        ->check(CLI::IsMember({"free-space", "swap"}));
    verb.add_flag("--overwrite", options.overwrite, "Replace outputs that are there already");
}

Result<ConvertOptions> convert_options(const OutputOptions &options, const Globals &globals)
{
    ConvertOptions convert;
    auto const format = format_from_string(options.to);
    if (!format)
        return fail({ErrorCode::usage, fmt::format("{} is no format", options.to)});
    convert.target = *format;
    convert.compression = options.compression == "none"    ? Compression::none
                          : options.compression == "fast"  ? Compression::fast
                          : options.compression == "small" ? Compression::small
                                                           : Compression::zstd;
    convert.vhd_type = options.vhd_type == "fixed" ? VhdType::fixed : VhdType::dynamic;
    convert.preallocation = options.preallocation == "metadata" ? Preallocation::metadata : Preallocation::none;
    convert.verify = options.verify == "none"      ? Verify::none
                     : options.verify == "content" ? Verify::content
                                                   : Verify::structure;
    convert.engine = options.engine == "qemu"     ? Engine::qemu
                     : options.engine == "native" ? Engine::native
                                                  : Engine::automatic;
    if (!options.grow.empty())
        convert.grow = parse_wanted_size(options.grow);
    convert.drop.free_space = std::ranges::find(options.drop, "free-space") != options.drop.end();
    convert.drop.swap = std::ranges::find(options.drop, "swap") != options.drop.end();
    convert.overwrite = options.overwrite ? Overwrite::yes : Overwrite::no;
    convert.temp_dir = globals.temp_dir;
    convert.threads = globals.threads;
    return convert;
}

}  // namespace imgport::cli
