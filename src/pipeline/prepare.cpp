#include <imgport/prepare.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include <imgport/manifest.hpp>
#include <imgport/receipt.hpp>
#include <imgport/remote_source.hpp>
#include <imgport/version.hpp>

#include "convert/plan.hpp"
#include "handoff/manifest_files.hpp"
#include "handoff/object_connection.hpp"
#include "handoff/upload_journal.hpp"
#include "pipeline/lint.hpp"
#include "pipeline/stream.hpp"
#include "support/file.hpp"
#include "support/text.hpp"
#include "support/time_text.hpp"

namespace imgport {
namespace {

// Less than this is not worth a word.
constexpr std::uint64_t worth_an_offer = std::uint64_t{16} << 20;

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

// The image without its folders and without the suffixes that only say how it is stored; of another machine's disk that
// machine too, since they are all called sda.
std::string stem_of(const std::string &path)
{
    constexpr std::array suffixes{".gz",  ".xz",  ".bz2",  ".zst",  ".zip", ".tar", ".tgz", ".ova",  ".ovf", ".qcow2",
                                  ".img", ".raw", ".vmdk", ".vhdx", ".vhd", ".vdi", ".iso", ".qcow", ".qed", ".dmg"};
    std::string stem = base_name(path);
    if (auto const machine = source_machine(path); !machine.empty())
        stem = fmt::format("{}-{}", machine, stem);
    for (bool again = true; again;) {
        again = false;
        for (std::string_view const suffix : suffixes) {
            if (stem.size() > suffix.size() && to_lower(stem).ends_with(suffix)) {
                stem.resize(stem.size() - suffix.size());
                again = true;
            }
        }
    }
    return stem;
}

// From SOURCE_DATE_EPOCH or not at all: the same input gives the same manifest.
std::optional<std::string> creation_time()
{
    auto const told = source_date();
    return told ? std::optional(iso_time(*told)) : std::nullopt;
}

// One disk on its way to an artifact.
struct Job {
    std::string path = {};
    std::string name = {};
    Role role = Role::system;
    std::optional<OvfDisk> ovf = {};  // one of an OVA's further disks
    LintResult linted = {};
    ConversionPlan plan = {};
    ConvertResult converted = {};
    std::string manifest = {};
    std::optional<StreamedObject> object = {};  // where it was streamed to
    std::string sha256_unknown = {};
};

class Preparation {
public:
    Preparation(const PrepareOptions &options, ProgressSink &progress)
        : m_options(options), m_progress(progress),
          m_profile(options.lint.profiles.empty() ? load_profile("alibaba").value() : options.lint.profiles.front()),
          m_request(options.lint.request)
    {}

    PrepareOutcome run(const std::string &path)
    {
        add_jobs(path);
        bool const destined = take_destination() && way_is_open();
        bool const done = judge_all() && destined && make_parameters() && deliver() && import();
        for (auto &job : m_jobs) {
            m_outcome.report.images.push_back(std::move(job.linted.entry));
            m_outcome.comparisons.push_back(std::move(job.linted.comparison));
        }
        if (!done && m_codes.empty())
            m_codes.push_back(4);
        m_outcome.exit_code = worst_exit_code(m_codes);
        return std::move(m_outcome);
    }

private:
    // Artifacts and manifests, and the way to where they go.
    bool deliver()
    {
        if (m_options.stream)
            return stream_all();
        return convert_all() && make_parameters() && write_manifests() && hand_over();
    }

    bool failed(const Error &error)
    {
        m_outcome.errors.push_back(error);
        m_codes.push_back(exit_code(error.code));
        return false;
    }

    void add_jobs(const std::string &path)
    {
        std::string const name = m_options.name.empty() ? stem_of(path) : m_options.name;
        m_jobs.push_back({.path = path, .name = name, .role = m_options.lint.role});
        for (auto const &data : m_options.data_disks)
            m_jobs.push_back({.path = data, .role = Role::data});
    }

    // A region or a key that is missing is said now, and not after the conversion.
    bool way_is_open()
    {
        UploadOptions with = m_options.upload_with;
        auto const object = m_request.object ? parse_object_address(*m_request.object) : Result<ObjectAddress>();
        if (with.region.empty())
            with.region = m_request.region.value_or(object ? object->region : "");
        auto const open = check_destination(m_options.upload, with);
        return open ? true : failed(open.error());
    }

    // Where the artifact is uploaded to is where it is imported from.
    bool take_destination()
    {
        auto const told = import_address(m_options.upload, m_options.upload_with, file_name(m_jobs.front()));
        if (!told)
            return failed(told.error());
        if (!*told)
            return true;
        auto const &there = **told;
        auto const contradiction = [&](std::string_view what, const std::string &asked, const std::string &is) {
            return failed({.code = ErrorCode::usage,
                           .message = fmt::format("'{}' is asked for, but the upload goes to '{}'",
                                                  printable(asked, 300), printable(is, 300)),
                           .field = std::string(what)});
        };
        if (!there.region.empty() && m_request.region.value_or(there.region) != there.region)
            return contradiction("RegionId", *m_request.region, there.region);
        if (m_request.bucket.value_or(there.bucket) != there.bucket)
            return contradiction("OSSBucket", *m_request.bucket, there.bucket);
        auto const asked = m_request.object ? parse_object_address(*m_request.object) : Result<ObjectAddress>(there);
        if (!asked)
            return true;  // said where the parameters are made
        if (!asked->bucket.empty() && asked->bucket != there.bucket)
            return contradiction("OSSBucket", asked->bucket, there.bucket);
        if (asked->key != there.key)
            return contradiction("OSSObject", asked->key, there.key);
        m_request.bucket = there.bucket;
        m_request.object = m_request.object.value_or(there.key);
        if (!there.region.empty())
            m_request.region = there.region;
        return true;
    }

    // An OVA's further disks follow its first one.
    void add_ovf_disks()
    {
        auto const image = m_jobs.front().linted.entry.probe;
        if (!image.details.ovf)
            return;
        std::vector<Job> found;
        for (auto const &disk : image.details.ovf->disks) {
            if (!disk.file.empty() && disk.file != image.member)
                found.push_back({.path = m_jobs.front().path, .role = Role::data, .ovf = disk});
        }
        m_jobs.insert(m_jobs.begin() + 1, std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    }

    // Probe, inspect, check; the container rules on what will be written.
    bool judge_all()
    {
        bool passed = judge_one(m_jobs.front());
        add_ovf_disks();
        for (std::size_t i = 1; i < m_jobs.size(); ++i) {
            m_jobs[i].name = fmt::format("{}-data{}", m_jobs.front().name, i);
            passed = judge_one(m_jobs[i]) && passed;
        }
        return passed;
    }

    bool judge_one(Job &job)
    {
        LintOptions lint_options = m_options.lint;
        lint_options.role = job.role;
        job.linted = lint(job.path, lint_options, m_progress);
        auto &entry = job.linted.entry;
        if (entry.verdict == Verdict::refused || entry.verdict == Verdict::error) {
            m_codes.push_back(job.linted.exit_code);
            return false;
        }
        if (job.ovf) {
            // The probe spoke of the system disk; of this one the envelope tells.
            entry.probe.member = job.ovf->file;
            entry.probe.virtual_size = job.ovf->capacity;
        }
        auto const plan = plan_conversion(entry.probe, m_options.convert);
        if (!plan)
            return failed(plan.error());
        job.plan = *plan;
        return recheck(job, job.plan.artifact);
    }

    // Judges again with what is, or will be, in the artifact.
    bool recheck(Job &job, const ImageFacts &artifact)
    {
        auto &entry = job.linted.entry;
        CheckInput input;
        input.image = &entry.probe;
        input.inspection = job.linted.inspection ? &*job.linted.inspection : nullptr;
        input.artifact = &artifact;
        input.request = &m_request;
        input.role = job.role;
        entry.findings = check(input, m_profile);
        accept(entry.findings, entry.path, m_profile.name, m_options.lint.accept);
        auto const judgement = judge(entry.probe, entry.findings, m_options.lint.verdict);
        entry.verdict = judgement.verdict;
        m_codes.push_back(judgement.exit_code);
        return judgement.exit_code == 0;
    }

    bool make_parameters()
    {
        std::vector<ImportDisk> disks;
        for (auto const &job : m_jobs)
            disks.push_back({m_options.convert.target, job.plan.virtual_size, file_name(job)});
        auto const &inspection = m_jobs.front().linted.inspection;
        bool const is_system = m_jobs.front().role == Role::system;  // a data disk boots nothing
        auto made =
            make_import_parameters(m_request, is_system && inspection ? &*inspection : nullptr, disks, &m_profile);
        for (auto const &note : made.notes)
            m_progress.note(note);
        for (auto const &error : made.errors)
            failed(error);
        m_outcome.parameters = made.parameters;
        return made.errors.empty() && (!m_options.import || can_be_imported(made.parameters));
    }

    // Said before any work: the import at the end would fail for it.
    bool can_be_imported(const ImportParameters &parameters)
    {
        if (m_jobs.front().role == Role::data)
            return failed({.code = ErrorCode::usage,
                           .message = "a data disk is not imported alone",
                           .field = "DiskDeviceMapping.1",
                           .hint = "it goes along with its system disk, as --data-disk"});
        if (parameters.disks.front().bucket.empty())
            return failed({.code = ErrorCode::usage,
                           .message = "the import needs the artifact in the cloud's object store",
                           .field = "DiskDeviceMapping.1.OSSBucket",
                           .hint = "--upload oss://BUCKET/KEY"});
        if (!parameters.region)
            return failed({.code = ErrorCode::usage,
                           .message = "it is not known in which region the image is to be imported",
                           .field = "RegionId",
                           .hint = "give the bucket's own, such as --region cn-hangzhou"});
        return true;
    }

    std::string file_name(const Job &job) const { return job.name + "." + suffix_of(m_options.convert.target); }
    std::string path_of(const std::string &name) const { return m_options.output_dir + "/" + name; }

    // The folder, and the names in it, before any work.
    bool make_room()
    {
        std::error_code problem;
        std::filesystem::create_directories(m_options.output_dir, problem);
        if (problem)
            return failed(
                system_error(ErrorCode::environment, "cannot be made", m_options.output_dir, problem.value()));
        for (auto &job : m_jobs) {
            job.manifest = path_of(job.name + std::string(manifest_suffix));
            if (auto free = OutputFile::create(job.manifest, m_options.convert.overwrite); !free)
                return failed(free.error());
        }
        return true;
    }

    bool convert_all()
    {
        if (!make_room())
            return false;
        for (auto &job : m_jobs) {
            ConvertOptions convert_options = m_options.convert;
            convert_options.digest = true;
            convert_options.offer_drop = true;
            auto converted =
                convert(job.path, job.linted.entry.probe, path_of(file_name(job)), convert_options, m_progress);
            if (!converted) {
                remove_artifacts();
                return failed(converted.error());
            }
            job.converted = std::move(*converted);
            note_dropped(job);
            compare_with_envelope(job);
            if (!recheck(job, job.converted.artifact)) {
                remove_artifacts();
                return false;
            }
        }
        return true;
    }

    // Each disk into its object. The manifests come when all of them are there; until then the journals tell the next
    // run how far this one came.
    bool stream_all()
    {
        if (auto good = check_streamable(m_options.convert, m_options.upload); !good)
            return failed(good.error());
        if (!make_room())
            return false;
        for (auto &job : m_jobs) {
            ConvertOptions convert_options = m_options.convert;
            convert_options.offer_drop = true;
            auto streamed = stream_image(job.path, job.linted.entry.probe, manifest_of(job), job.manifest,
                                         destination_of(job), convert_options, upload_options(), m_progress);
            if (!streamed)
                return failed(streamed.error());
            job.converted = std::move(streamed->converted);
            job.object = std::move(streamed->object);
            job.sha256_unknown = std::move(streamed->sha256_unknown);
            note_dropped(job);
            compare_with_envelope(job);
            if (!recheck(job, job.converted.artifact))
                return false;
        }
        return make_parameters() && write_manifests() && write_receipts();
    }

    bool write_receipts()
    {
        for (std::size_t i = 0; i < m_jobs.size(); ++i) {
            auto const &upload = m_jobs[i].object->receipt;
            HandOver const receipt{.manifest = base_name(m_jobs[i].manifest), .upload = upload};
            if (auto done = write_receipt(m_jobs[i].manifest, receipt); !done)
                return failed(done.error());
            if (auto done = remove_journal(m_jobs[i].manifest); !done)
                return failed(done.error());
            m_outcome.artifacts[i].receipt = fmt::format("{} ({})", upload.destination, upload.proof);
        }
        return true;
    }

    // What was left out, or what could be.
    void note_dropped(const Job &job)
    {
        bool const wanted = m_options.convert.drop.any();
        std::uint64_t offered = 0;
        std::vector<std::string> kinds;
        for (auto const &dropped : job.converted.dropped) {
            if (wanted) {
                m_progress.note(fmt::format("{}: {}", printable(job.path), describe(dropped)));
                continue;
            }
            offered += dropped.bytes;
            if (dropped.bytes != 0 && std::ranges::find(kinds, dropped.what) == kinds.end())
                kinds.push_back(dropped.what);
        }
        if (offered >= worth_an_offer)
            m_progress.note(fmt::format("{}: {} of the disk are dead: leave them out with --drop {}",
                                        printable(job.path), human_size(offered), join(kinds, " --drop ")));
    }

    // What the OVF says of the disk, and what the disk says itself.
    void compare_with_envelope(Job &job)
    {
        auto const &ovf = job.linted.entry.probe.details.ovf;
        std::uint64_t const size = job.converted.artifact.virtual_size.value_or(0);
        job.plan.virtual_size = size;
        if (!ovf)
            return;
        for (auto const &disk : ovf->disks) {
            if (disk.file == job.linted.entry.probe.member && disk.capacity != size)
                m_progress.note(fmt::format("{}: the OVF gives {} a capacity of {}, the disk has {}",
                                            printable(job.path), printable(disk.file), human_size(disk.capacity),
                                            human_size(size)));
        }
        if (job.role != Role::system || !ovf->firmware || !job.linted.inspection)
            return;
        auto const modes = boot_modes_of(*job.linted.inspection);
        bool const efi = *ovf->firmware == "efi";
        if (efi ? !modes.uefi : !modes.bios)
            m_progress.note(fmt::format("{}: the OVF says that the machine starts by {}, the disk cannot",
                                        printable(job.path), efi ? "UEFI" : "BIOS"));
    }

    // What this run has named so far: half of an image is no use to anyone.
    void remove_artifacts()
    {
        for (auto const &job : m_jobs) {
            if (!job.converted.path.empty())
                ::unlink(job.converted.path.c_str());
        }
        for (auto const &artifact : m_outcome.artifacts)
            ::unlink(artifact.manifest.c_str());
        m_outcome.artifacts.clear();
    }

    Manifest manifest_of(const Job &job) const
    {
        auto const &source = job.linted.entry.probe;
        auto const &artifact = job.converted.artifact;
        Manifest manifest;
        manifest.source = {source_name(job.path), to_string(source.format), source.wrapped_in, source.member,
                           source.file_size};
        if (source.hazard("in-use") != nullptr)
            manifest.source.consistency = "crash";
        manifest.artifact = {file_name(job),         to_string(m_options.convert.target),
                             artifact.variant,       artifact.file_size,
                             job.plan.virtual_size,  job.converted.sha256,
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
        if (m_options.convert.drop.any())
            manifest.content.dropped = job.converted.dropped;
        manifest.guest = job.linted.entry.guest;
        manifest.check = {m_profile.name, job.linted.entry.verdict, {}};
        for (auto const &finding : job.linted.entry.findings) {
            if (finding.accepted)
                manifest.check.waived.push_back(finding.rule);
        }
        manifest.role = job.role;
        manifest.tools = tools_of(job.converted);
        manifest.created = creation_time();
        if (&job == &m_jobs.front()) {
            manifest.import = *m_outcome.parameters;
        } else {
            // A data disk's own mapping; the call itself belongs to the system disk's manifest.
            auto const index = static_cast<std::size_t>(&job - m_jobs.data());
            manifest.import.disks = {m_outcome.parameters->disks.at(index)};
        }
        return manifest;
    }

    bool write_manifests()
    {
        for (auto const &job : m_jobs) {
            auto const written = write_file(job.manifest, manifest_json(manifest_of(job)), m_options.convert.overwrite);
            if (!written) {
                remove_artifacts();
                return failed(written.error());
            }
            m_outcome.artifacts.push_back({job.converted.path, job.manifest, job.role});
        }
        return true;
    }

    bool hand_over()
    {
        if (m_options.upload.empty())
            return true;
        UploadOptions const upload_with = upload_options();
        for (auto &artifact : m_outcome.artifacts) {
            bool const first = &artifact == &m_outcome.artifacts.front();
            auto const uploader = make_uploader(first ? m_options.upload : beside(artifact), upload_with);
            if (!uploader)
                return failed(uploader.error());
            auto const receipt = (*uploader)->upload(artifact.manifest, m_progress);
            if (!receipt)
                return failed(receipt.error());
            artifact.receipt = fmt::format("{} ({})", receipt->destination, receipt->proof);
        }
        return true;
    }

    UploadOptions upload_options() const
    {
        UploadOptions upload_with = m_options.upload_with;
        if (upload_with.region.empty())
            upload_with.region = m_outcome.parameters->region.value_or("");
        return upload_with;
    }

    std::string destination_of(const Job &job) const
    {
        return &job == &m_jobs.front() ? m_options.upload : destination_beside(m_options.upload, file_name(job));
    }

    std::string beside(const PreparedArtifact &artifact) const
    {
        return destination_beside(m_options.upload, base_name(artifact.artifact));
    }

    // One call for the system disk, with its data disks as further mappings.
    bool import()
    {
        if (!m_options.import)
            return true;
        auto &system = m_outcome.artifacts.front();
        auto done = import_image(system.manifest, m_options.import_call, m_progress);
        if (!done)
            return failed(done.error());
        system.imported = std::move(*done);
        return true;
    }

    const PrepareOptions &m_options;
    ProgressSink &m_progress;
    Profile m_profile;
    ImportRequest m_request;  // the user's, and what the destination tells
    std::vector<Job> m_jobs;
    std::vector<int> m_codes;
    PrepareOutcome m_outcome;
};

}  // namespace

std::vector<std::string> artifact_names(const std::vector<std::string> &paths)
{
    std::set<std::string> taken;
    std::vector<std::string> names;
    for (auto const &path : paths) {
        std::string const stem = stem_of(path);
        std::string name = stem;
        for (int n = 2; !taken.insert(name).second; ++n)
            name = fmt::format("{}-{}", stem, n);
        names.push_back(name);
    }
    return names;
}

PrepareOutcome prepare(const std::string &path, const PrepareOptions &options, ProgressSink &progress)
{
    return Preparation(options, progress).run(path);
}

}  // namespace imgport
