#include "convert/qemu_img.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>

#include <fmt/format.h>

#include "support/file.hpp"
#include "support/subprocess.hpp"
#include "support/text.hpp"
#include "support/workers.hpp"

namespace imgport {
namespace {

const char *driver_of(Format format)
{
    return format == Format::vhd ? "vpc" : to_string(format);
}

std::string creation_options(const ConversionPlan &plan, const ConvertOptions &options)
{
    switch (plan.target) {
    case Format::qcow2:
        return fmt::format("compat=1.1,cluster_size=65536{}{}",
                           options.compression == Compression::zstd ? ",compression_type=zstd" : "",
                           options.preallocation == Preallocation::metadata ? ",preallocation=metadata" : "");
    case Format::vhd:
        // force_size: the size to the byte, instead of rounded up to a CHS geometry.
        return options.vhd_type == VhdType::fixed ? "subformat=fixed,force_size=on" : "subformat=dynamic,force_size=on";
    default: return {};
    }
}

// "    (12.34/100%)" -> 1234.
std::optional<std::uint64_t> parse_progress(std::string_view line)
{
    auto const open = line.find('(');
    auto const slash = line.find('/', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || slash == std::string_view::npos)
        return std::nullopt;
    double percent = 0;
    auto const text = line.substr(open + 1, slash - open - 1);
    if (std::from_chars(text.data(), text.data() + text.size(), percent).ec != std::errc{})
        return std::nullopt;
    return static_cast<std::uint64_t>(std::clamp(percent, 0.0, 100.0) * 100);
}

// qemu-img's own words, in ours where we know better.
Error failure_of(const CommandResult &result)
{
    std::string const said = result.err;
    if (said.find("No space left on device") != std::string::npos || said.find("Disk quota") != std::string::npos)
        return {ErrorCode::environment,
                "no space is left where the output is written",
                {},
                {},
                {},
                "make room there, or choose another folder"};
    if (result.status == 128 + SIGXFSZ)
        return {ErrorCode::malformed, "the output grew past what a disk of this size can need"};
    if (result.status > 128)
        return {ErrorCode::environment, fmt::format("qemu-img was {}", describe_status(result.status))};
    auto const lines = lines_of(said);
    return {ErrorCode::environment, fmt::format("qemu-img failed ({}): {}", describe_status(result.status),
                                                lines.empty() ? "it said nothing" : printable(lines.back()))};
}

}  // namespace

Result<std::string> qemu_img_version()
{
    auto const result = run({.arguments = {"qemu-img", "--version"}, .timeout = std::chrono::seconds(30)});
    if (!result)
        return fail(result.error());
    // "qemu-img version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)"
    auto const words = split_blanks(result->out);
    if (result->status != 0 || words.size() < 3)
        return fail(ErrorCode::environment, "qemu-img does not tell its version");
    return words[2];
}

Result<void> qemu_img_convert(const Source &source, int output, const ConversionPlan &plan,
                              const ConvertOptions &options, ProgressSink &progress)
{
    unsigned const threads = thread_count(options.threads);
    std::vector<std::string> arguments{"qemu-img",
                                       "convert",
                                       "-p",
                                       "-m",
                                       std::to_string(std::clamp(threads * 4, 1U, 16U)),
                                       "-O",
                                       driver_of(plan.target)};
    if (options.compression != Compression::none) {
        arguments.emplace_back("-c");
        // Without -W qemu-img compresses on one core only.
        if (threads > 1)
            arguments.emplace_back("-W");
    }
    if (auto const creation = creation_options(plan, options); !creation.empty())
        arguments.insert(arguments.end(), {"-o", creation});
    arguments.push_back(source.qemu_name());
    arguments.push_back(descriptor_path(output));

    Command command{.arguments = std::move(arguments)};
    command.keep_fds = source.fds();
    command.keep_fds.push_back(output);
    // Metadata and the file's own rounding come on top of the disk: 1/64 is many times what any target needs.
    command.max_file_size = plan.virtual_size + plan.virtual_size / 64 + (std::uint64_t{1} << 28);
    command.on_output = [&](std::string_view line) {
        if (auto const done = parse_progress(line))
            progress.update(*done, 10000);
    };
    auto const result = run(command);
    if (!result)
        return fail(result.error());
    if (result->status != 0)
        return fail(failure_of(*result));
    return {};
}

Result<void> qemu_img_check(int file, Format format)
{
    if (format != Format::qcow2)
        return {};  // qemu-img cannot check the others that we write
    auto const result = run(
        {.arguments = {"qemu-img", "check", "-q", "-f", driver_of(format), descriptor_path(file)}, .keep_fds = {file}});
    if (!result)
        return fail(result.error());
    if (result->status != 0) {
        std::string const said = result->out.empty() ? result->err : result->out;
        return fail(ErrorCode::unverified, fmt::format("qemu-img check is not content ({}): {}",
                                                       describe_status(result->status), printable(trim(said), 500)));
    }
    return {};
}

}  // namespace imgport
