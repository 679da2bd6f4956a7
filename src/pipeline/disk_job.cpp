#include "pipeline/disk_job.hpp"

#include <map>

#include <imgport/remote_source.hpp>
#include <imgport/version.hpp>

#include "support/time_text.hpp"

namespace imgport {
namespace {

// What made the artifact: name and version.
std::map<std::string, std::string> tools_of(const ConvertResult &converted)
{
    std::map<std::string, std::string> tools{{"imgport", version()}};
    if (converted.engine == "qemu")
        tools["qemu-img"] = converted.engine_version;
    if (auto const blank = converted.compressor.find(' '); blank != std::string::npos)
        tools[converted.compressor.substr(0, blank)] = converted.compressor.substr(blank + 1);
    return tools;
}

// From SOURCE_DATE_EPOCH or not at all: the same input gives the same manifest.
std::optional<std::string> creation_time()
{
    auto const told = source_date();
    return told ? std::optional(iso_time(*told)) : std::nullopt;
}

}  // namespace

Manifest manifest_of(const DiskJob &job, const PrepareOptions &options, const std::string &profile,
                     ImportParameters import)
{
    auto const &source = job.linted.entry.probe;
    auto const &artifact = job.converted.artifact;
    Manifest manifest;
    manifest.source = {source_name(job.path), to_string(source.format), source.wrapped_in, source.member,
                       source.file_size};
    if (source.hazard("in-use") != nullptr)
        manifest.source.consistency = "crash";
    manifest.artifact = {job.file_name(options.convert.target),
                         to_string(options.convert.target),
                         artifact.variant,
                         artifact.file_size,
                         job.plan.virtual_size,
                         job.converted.sha256,
                         job.converted.crc64ecma};
    if (job.object) {
        manifest.artifact.streamed_to = job.object->receipt.destination;
        manifest.artifact.parts = job.object->parts;
    }
    if (!job.sha256_unknown.empty()) {
        manifest.artifact.sha256.reset();
        manifest.artifact.sha256_unknown = job.sha256_unknown;
    }
    manifest.content.digest = job.converted.content_digest.value_or("");
    if (options.convert.drop.any())
        manifest.content.dropped = job.converted.dropped;
    manifest.guest = job.linted.entry.guest;
    manifest.check = {profile, job.linted.entry.verdict, {}};
    for (auto const &finding : job.linted.entry.findings) {
        if (finding.accepted)
            manifest.check.waived.push_back(finding.rule);
    }
    manifest.role = job.role;
    manifest.tools = tools_of(job.converted);
    manifest.created = creation_time();
    manifest.import = std::move(import);
    return manifest;
}

}  // namespace imgport
