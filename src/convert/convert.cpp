#include <imgport/convert.hpp>

#include <imgport/remote_source.hpp>
#include <imgport/version.hpp>

#include <fmt/format.h>

#include "convert/clone.hpp"
#include "convert/conversion_source.hpp"
#include "convert/native.hpp"
#include "convert/plan.hpp"
#include "convert/qemu_img.hpp"
#include "convert/verify.hpp"
#include "format/compress.hpp"
#include "format/source.hpp"
#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Brackets a stage, whatever ends it.
class Stage {
public:
    Stage(ProgressSink &progress, std::string_view name, std::string_view subject) : m_progress(progress)
    {
        m_progress.begin(name, subject);
    }
    Stage(const Stage &) = delete;
    Stage &operator=(const Stage &) = delete;
    ~Stage() { m_progress.end(); }

private:
    ProgressSink &m_progress;
};

Result<void> compare_content(const std::string &source, const std::string &output)
{
    if (source == output)
        return {};
    return fail(ErrorCode::unverified,
                fmt::format("the output is wrong: it does not hold the source's disk (content digest {}, not {})",
                            output, source));
}

// Whether our own engine makes it; an error where it was asked for and cannot.
Result<bool> takes_native_engine(const Source &source, const ConvertOptions &options)
{
    bool const changes = options.grow || options.drop.any();
    if (options.engine == Engine::qemu) {
        if (changes)
            return fail({ErrorCode::usage,
                         "qemu-img changes nothing on a disk while it converts it",
                         {},
                         {},
                         {},
                         "leave --engine qemu out, or --grow and --drop"});
        if (source.file().is_remote())
            return fail({ErrorCode::usage,
                         "qemu-img does not read what lies on another machine",
                         {},
                         {},
                         {},
                         "leave --engine qemu out"});
        return false;
    }
    auto const native = is_read_natively(source);
    if (native && !*native && changes)
        return true;  // what is read through QEMU can be changed all the same, by one thread
    if (native && !*native && options.engine == Engine::native)
        return fail({ErrorCode::usage,
                     fmt::format("{} {} is not read by imgport itself", to_string(source.facts().format),
                                 source.facts().variant),
                     {},
                     {},
                     {},
                     "leave --engine out, or say --engine qemu"});
    return native;
}

Result<void> by_native_engine(ConvertResult &result, const Source &source, const OutputFile &output,
                              const ConversionPlan &plan, const ConvertOptions &options, bool digest,
                              ProgressSink &progress)
{
    result.engine = "native";
    result.engine_version = version();
    result.compressor = compressor_name(options.compression);
    auto disks = changed_disks_of(source, plan, options);
    if (!disks)
        return fail(disks.error());
    result.dropped = std::move(disks->dropped);
    // What shares its extents has no digest yet; whoever wants one reads the source for it.
    if (!disks->changed && clone_file(source, output.fd(), plan.target))
        return {};
    auto content = native_convert(disks->make, output.fd(), plan, options, disks->threads, digest, progress);
    // Reading fails with other codes.
    if (!content && content.error().code == ErrorCode::environment)
        return fail(with_file(content.error(), output.path()));
    if (!content)
        return fail(content.error());
    result.content_digest = std::move(*content);
    return {};
}

Result<void> by_qemu_img(ConvertResult &result, const Source &source, int output, const ConversionPlan &plan,
                         const ConvertOptions &options, ProgressSink &progress)
{
    auto const version = qemu_img_version();
    if (!version)
        return fail(version.error());
    result.engine = "qemu";
    result.engine_version = *version;
    return qemu_img_convert(source, output, plan, options, progress);
}

Result<ConvertResult> convert_to(const Source &source, OutputFile &output, const ConversionPlan &plan,
                                 const ConvertOptions &options, ProgressSink &progress)
{
    ConvertResult result;
    result.path = output.path();
    auto const native = takes_native_engine(source, options);
    if (!native)
        return fail(native.error());
    bool const digest_wanted = options.digest || options.verify == Verify::content;
    {
        Stage const stage(progress, "convert", source.facts().path);
        auto done = *native ? by_native_engine(result, source, output, plan, options, digest_wanted, progress)
                            : by_qemu_img(result, source, output.fd(), plan, options, progress);
        if (!done)
            return fail(done.error());
        // A full disk can show up only now.
        if (done = output.sync(); !done)
            return fail(done.error());
    }
    std::string const temp_dir = temporary_directory(options.temp_dir);
    Stage const stage(progress, "verify", output.path());
    result.artifact = plan.artifact;
    if (options.verify != Verify::none) {
        auto facts = verify_structure(output.fd(), plan);
        if (!facts)
            return fail(facts.error());
        result.artifact = std::move(*facts);
    } else if (auto const file = InputFile::open(descriptor_path(output.fd()))) {
        // Nobody looked into it; how large it is, is known all the same.
        result.artifact.file_size = file->size();
        result.artifact.allocated_size = file->allocated_size();
    }
    if (digest_wanted && !result.content_digest) {
        auto digest = digest_of_source(source, temp_dir, options.threads, progress);
        if (!digest)
            return fail(digest.error());
        result.content_digest = std::move(*digest);
    }
    if (options.verify == Verify::content) {
        auto const back = digest_of_artifact(output.fd(), result.artifact, temp_dir, options.threads, progress);
        if (!back)
            return fail(back.error());
        if (auto same = compare_content(*result.content_digest, *back); !same)
            return fail(same.error());
    }
    if (digest_wanted) {
        auto const file = InputFile::open(descriptor_path(output.fd()));
        if (!file)
            return fail(file.error());
        auto const digests = digest_file(output.fd(), output.path(), file->size(), progress);
        if (!digests)
            return fail(digests.error());
        result.sha256 = digests->sha256;
        result.crc64ecma = digests->crc64ecma;
    }
    return result;
}

}  // namespace

Result<ConvertResult> convert(const std::string &source, const ImageFacts &image, const std::string &destination,
                              const ConvertOptions &options, ProgressSink &progress)
{
    if (auto good = check_convertible(source, image, options, progress); !good)
        return fail(good.error());
    // The output's name is looked at first: nobody wants to hear of it after an hour.
    auto output = OutputFile::create(destination, options.overwrite);
    if (!output)
        return fail(output.error());
    auto const opened = open_conversion(source, image, options, progress);
    if (!opened)
        return fail(opened.error());
    auto result = convert_to(opened->source, *output, opened->plan, options, progress);
    if (!result)
        return fail(with_file(result.error(), result.error().code == ErrorCode::unverified ? destination : source));
    if (auto same = opened->source.check_unchanged(); !same)
        return fail(same.error());
    if (auto const times = opened->source.file().interruptions(); times != 0)
        progress.note(fmt::format("{}: the connection broke {} {}, and was taken up again where it broke",
                                  printable(source_name(source)), times, times == 1 ? "time" : "times"));
    if (auto done = output->commit(); !done)
        return fail(done.error());
    result->artifact.path = destination;
    return result;
}

Result<std::string> content_digest(const std::string &path, const ImageFacts &image, const DigestOptions &options,
                                   ProgressSink &progress)
{
    if (image.refused())
        return fail(with_file(image.refusal(), path));
    auto source = Source::open(
        path, image, {.allowed = options.allowed, .temp_dir = options.temp_dir, .max_unpacked = options.max_unpacked},
        progress);
    if (!source)
        return fail(source.error());
    Stage const stage(progress, "digest", path);
    auto digest = digest_of_source(*source, temporary_directory(options.temp_dir), options.threads, progress);
    if (!digest)
        return digest;
    if (auto same = source->check_unchanged(); !same)
        return fail(same.error());
    return digest;
}

}  // namespace imgport
