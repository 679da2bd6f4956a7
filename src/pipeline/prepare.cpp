#include <imgport/prepare.hpp>

#include <filesystem>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

#include <imgport/manifest.hpp>
#include <imgport/receipt.hpp>

#include "convert/plan.hpp"
#include "handoff/manifest_files.hpp"
#include "handoff/upload_journal.hpp"
#include "pipeline/artifact_names.hpp"
#include "pipeline/disk_job.hpp"
#include "pipeline/disk_notes.hpp"
#include "pipeline/import_place.hpp"
#include "pipeline/lint.hpp"
#include "pipeline/stream.hpp"
#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

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
        bool const destined = take_destination();
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

    bool good(const Result<void> &done) { return done ? true : failed(done.error()); }

    void add_jobs(const std::string &path)
    {
        std::string const name = m_options.name.empty() ? artifact_name(path) : m_options.name;
        m_jobs.push_back({.path = path, .name = name, .role = m_options.lint.role});
        for (auto const &data : m_options.data_disks)
            m_jobs.push_back({.path = data, .role = Role::data});
    }

    bool take_destination()
    {
        auto request = with_destination(m_request, m_options.upload, m_options.upload_with, file_name(m_jobs.front()));
        if (!request)
            return failed(request.error());
        m_request = std::move(*request);
        return good(check_way(m_options.upload, m_options.upload_with, m_request));
    }

    // An OVA's further disks follow its first one.
    void add_ovf_disks()
    {
        auto const image = m_jobs.front().linted.entry.probe;
        if (!image.details.ovf)
            return;
        std::vector<DiskJob> found;
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

    bool judge_one(DiskJob &job)
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
    bool recheck(DiskJob &job, const ImageFacts &artifact)
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
        return made.errors.empty() &&
               (!m_options.import || good(check_importable(made.parameters, m_jobs.front().role)));
    }

    std::string file_name(const DiskJob &job) const { return job.file_name(m_options.convert.target); }
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
                return failed(with_way_on(free.error(), job.manifest));
        }
        return true;
    }

    // What is there may be of a run whose upload was cut off.
    static Error with_way_on(Error error, const std::string &manifest)
    {
        auto const journal = read_journal(manifest);
        if (journal && *journal)
            error.hint =
                fmt::format("its upload is unfinished: imgport upload {} {} goes on with it; --overwrite prepares "
                            "it anew",
                            printable(manifest), (*journal)->destination);
        return error;
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
            job.plan.virtual_size = job.converted.artifact.virtual_size.value_or(0);
            note_dropped(job, m_options.convert.drop.any(), m_progress);
            note_envelope(job, m_progress);
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
            auto streamed = stream_image(job.path, job.linted.entry.probe, manifest_for(job), job.manifest,
                                         destination_of(job), convert_options, upload_options(), m_progress);
            if (!streamed)
                return failed(streamed.error());
            job.converted = std::move(streamed->converted);
            job.object = std::move(streamed->object);
            job.sha256_unknown = std::move(streamed->sha256_unknown);
            job.plan.virtual_size = job.converted.artifact.virtual_size.value_or(0);
            note_dropped(job, m_options.convert.drop.any(), m_progress);
            note_envelope(job, m_progress);
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

    Manifest manifest_for(const DiskJob &job) const
    {
        ImportParameters import = *m_outcome.parameters;
        if (&job != &m_jobs.front()) {
            // A data disk's own mapping; the call itself belongs to the system disk's manifest.
            auto const index = static_cast<std::size_t>(&job - m_jobs.data());
            import = {};
            import.disks = {m_outcome.parameters->disks.at(index)};
        }
        return manifest_of(job, m_options, m_profile.name, std::move(import));
    }

    bool write_manifests()
    {
        for (auto const &job : m_jobs) {
            auto const written =
                write_file(job.manifest, manifest_json(manifest_for(job)), m_options.convert.overwrite);
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

    std::string destination_of(const DiskJob &job) const
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
    std::vector<DiskJob> m_jobs;
    std::vector<int> m_codes;
    PrepareOutcome m_outcome;
};

}  // namespace

PrepareOutcome prepare(const std::string &path, const PrepareOptions &options, ProgressSink &progress)
{
    return Preparation(options, progress).run(path);
}

}  // namespace imgport
