#include <imgport/manifest.hpp>

#include <filesystem>

#include <fmt/format.h>

#include <imgport/convert.hpp>

#include "convert/verify.hpp"
#include "guest/facts_json.hpp"
#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr const char *schema = "imgport.manifest/1";
constexpr std::size_t manifest_limit = 64 * 1024 * 1024;

Error bad_manifest(const std::string &path, std::string message)
{
    return {ErrorCode::malformed, fmt::format("is no manifest of imgport: {}", message), path};
}

}  // namespace

std::string manifest_json(const Manifest &manifest)
{
    Json document{{"schema", schema}};
    document.update(to_json(manifest));
    return document.dump(2) + "\n";
}

Result<Manifest> read_manifest(const std::string &path)
{
    auto const text = read_text_file(path, manifest_limit);
    if (!text)
        return fail(text.error());
    Manifest manifest;
    try {
        Json const document = Json::parse(*text);
        if (!document.is_object() || document.value("schema", "") != schema)
            return fail(bad_manifest(path, fmt::format("its schema is not {}", schema)));
        from_json(document, manifest);
    } catch (const Json::exception &error) {
        return fail(bad_manifest(path, error.what()));
    }
    if (manifest.artifact.file.empty() || manifest.artifact.file.find('/') != std::string::npos)
        return fail(bad_manifest(path, "artifact.file is not the plain name of a file beside it"));
    return manifest;
}

Result<std::vector<std::string>> verify_manifest(const std::string &path, ProgressSink &progress)
{
    auto const manifest = read_manifest(path);
    if (!manifest)
        return fail(manifest.error());
    auto const &wanted = manifest->artifact;
    std::string const artifact = dir_name(path) + "/" + wanted.file;
    auto const file = InputFile::open(artifact);
    if (!file && wanted.streamed_to && !std::filesystem::exists(artifact))
        return fail({ErrorCode::usage,
                     fmt::format("its artifact was streamed to {} and never was here", printable(*wanted.streamed_to)),
                     path,
                     {},
                     {},
                     fmt::format("fetch it as {} to verify it", printable(artifact))});
    if (!file)
        return fail(file.error());

    std::vector<std::string> differences;
    auto const expect = [&](std::string_view what, const auto &is, const auto &should) {
        if (is != should)
            differences.push_back(fmt::format("{} is {}, the manifest says {}", what, is, should));
    };
    expect("the file's size", file->size(), wanted.file_size);
    ImageFacts const facts = probe(artifact);
    if (facts.refused())
        differences.push_back(facts.error ? facts.error->message : "the artifact is not safe to open");
    expect("the format", std::string(to_string(facts.format)), wanted.format);
    expect("the virtual size", facts.virtual_size.value_or(0), wanted.virtual_size);

    progress.begin("digest", artifact);
    auto const digests = digest_file(file->fd(), artifact, file->size(), progress);
    progress.end();
    if (!digests)
        return fail(digests.error());
    if (wanted.sha256)
        expect("the SHA-256", digests->sha256, *wanted.sha256);
    expect("the CRC-64", digests->crc64ecma, wanted.crc64ecma);
    if (!facts.refused()) {
        auto const content = content_digest(artifact, facts, {}, progress);
        // A damaged artifact is what is looked for here, and no error of the question.
        if (!content && content.error().code == ErrorCode::malformed)
            differences.push_back(fmt::format("the disk inside cannot be read: {}", describe(content.error())));
        else if (!content)
            return fail(content.error());
        else
            expect("the content digest", *content, manifest->content.digest);
    }
    return differences;
}

}  // namespace imgport
