#include "batch/result.hpp"

#include <algorithm>

#include <sys/stat.h>
#include <unistd.h>

#include "batch/fingerprint.hpp"
#include "guest/facts_json.hpp"

namespace imgport {
namespace {

constexpr const char *schema = "imgport.batch-result/1";
constexpr std::size_t result_limit = std::size_t{64} << 20;
// A report over thousands of images is held in memory, and shows no more of each than this.
constexpr std::size_t most_evidence = 10;

// What a report says of an image that needs attention: hundreds of rules that passed are not it.
void reduce(ReportEntry &entry, const std::string &output)
{
    std::erase_if(entry.findings, [](const Finding &finding) {
        return finding.status == Status::not_applicable ||
               (finding.status == Status::passed && !finding.mended.value_or(false));
    });
    for (auto &finding : entry.findings) {
        if (finding.evidence.size() > most_evidence)
            finding.evidence.resize(most_evidence);
        for (auto &evidence : finding.evidence) {
            if (evidence.file.starts_with(output))
                evidence.file.erase(0, output.size());
        }
    }
    entry.volumes.clear();
    entry.disk.reset();
    entry.probe.details = {};
    if (entry.guest) {
        GuestFacts short_guest;
        short_guest.os = std::move(entry.guest->os);
        short_guest.architecture = std::move(entry.guest->architecture);
        short_guest.hostname = std::move(entry.guest->hostname);
        entry.guest = std::move(short_guest);
    }
}

std::vector<std::string> violated(const ReportEntry &entry)
{
    std::vector<std::string> rules;
    for (auto const &finding : entry.findings) {
        if (finding.status == Status::violated && !finding.accepted && finding.severity <= Severity::unreachable)
            rules.push_back(finding.rule);
    }
    return rules;
}

std::string reason_of(const PrepareOutcome &outcome)
{
    if (!outcome.errors.empty())
        return describe(outcome.errors.front());
    for (auto const &entry : outcome.report.images) {
        if (entry.error)
            return entry.error->message;
        for (auto const &hazard : entry.probe.hazards) {
            if (hazard.severity == HazardSeverity::refuse && entry.verdict == Verdict::refused)
                return hazard.id + ": " + hazard.message;
        }
        if (auto const rules = violated(entry); !rules.empty() && entry.verdict == Verdict::fail)
            return "violated: " + join(rules, ", ");
        if (entry.verdict == Verdict::fail)
            return "the check found something at or above --fail-on";
        if (entry.verdict == Verdict::incomplete)
            return "the check could not judge everything";
    }
    return {};
}

}  // namespace

BatchResult result_of(const BatchFolder &folder, const BatchJob &job, const std::string &fingerprint,
                      PrepareOutcome outcome)
{
    BatchResult result{.job = job.name,
                       .path = job.path,
                       .fingerprint = fingerprint,
                       .exit_code = outcome.exit_code,
                       .reason = outcome.exit_code != 0 ? reason_of(outcome) : std::string()};
    // 4 is the machine or a remote side, 5 an artifact that did not verify: another try may end otherwise.
    result.again = outcome.exit_code == 4 || outcome.exit_code == 5 || outcome.exit_code == 130;
    if (!outcome.report.images.empty())
        result.verdict = to_string(outcome.report.images.front().verdict);
    // An image whose check passed and whose conversion failed must not look like one that is ready.
    if (!outcome.errors.empty() && !outcome.report.images.empty()) {
        auto &first = outcome.report.images.front();
        if (!first.error)
            first.error = ImageError{to_string(outcome.errors.front().code), describe(outcome.errors.front())};
        first.verdict = Verdict::error;
    }
    for (auto const &artifact : outcome.artifacts) {
        for (auto const &path : {artifact.artifact, artifact.manifest}) {
            struct stat st {};
            if (::stat(path.c_str(), &st) == 0)
                result.files.push_back({base_name(path), static_cast<std::uint64_t>(st.st_size)});
        }
        if (!artifact.receipt.empty())
            result.handed_over.push_back(artifact.receipt);
    }
    for (auto &entry : outcome.report.images) {
        reduce(entry, folder.output() + "/");
        result.images.push_back(std::move(entry));
    }
    return result;
}

BatchResult result_of_crash(const BatchJob &job, const std::string &fingerprint, const std::string &reason, bool again)
{
    BatchResult result{.job = job.name,
                       .path = job.path,
                       .fingerprint = fingerprint,
                       .exit_code = exit_code(ErrorCode::environment),
                       .reason = reason,
                       .again = again};
    auto &entry = result.images.emplace_back();
    entry.path = job.path;
    auto const *const profile = job.option("profile");
    entry.profile = profile != nullptr && !profile->values.empty() ? profile->values.back() : "alibaba";
    entry.probe.path = job.path;
    entry.verdict = Verdict::error;
    entry.error = ImageError{to_string(ErrorCode::environment), reason};
    return result;
}

Result<void> write_result(const BatchFolder &folder, const BatchResult &result)
{
    Json document{{"schema", schema}};
    document.update(to_json(result));
    return write_file(folder.result(result.job), document.dump(1) + "\n", Overwrite::yes);
}

std::optional<BatchResult> read_result(const BatchFolder &folder, const std::string &name)
{
    auto const text = read_text_file(folder.result(name), result_limit);
    if (!text)
        return std::nullopt;
    try {
        Json const document = Json::parse(*text);
        if (!document.is_object() || document.value("schema", "") != schema)
            return std::nullopt;
        BatchResult result;
        from_json(document, result);
        return result;
    } catch (const Json::exception &) {
        return std::nullopt;  // it is made again
    }
}

bool settles(const BatchFolder &folder, const BatchResult &result, const std::string &fingerprint)
{
    return result.fingerprint == fingerprint && !result.again && files_there(folder, result.files);
}

bool outlives_source(const BatchFolder &folder, const BatchResult &result, const BatchJob &job)
{
    return result.exit_code == 0 && !result.again && !sources_there(job) && files_there(folder, result.files);
}

void take_over_files(const BatchFolder &folder, const std::optional<BatchResult> &before, BatchResult &result)
{
    if (!before)
        return;
    auto names = before->earlier;
    for (auto const &file : before->files)
        names.push_back(file.file);
    bool const replaced = result.exit_code == 0 || !result.files.empty();
    for (auto const &name : names) {
        bool const anew =
            std::any_of(result.files.begin(), result.files.end(), [&](auto const &file) { return file.file == name; });
        if (anew || name.find('/') != std::string::npos)
            continue;
        std::string const path = folder.output() + "/" + name;
        if (replaced)
            ::unlink(path.c_str());
        else if (::access(path.c_str(), F_OK) == 0)
            result.earlier.push_back(name);
    }
}

bool files_there(const BatchFolder &folder, const std::vector<RecordedFile> &files)
{
    for (auto const &file : files) {
        struct stat st {};
        if (::stat((folder.output() + "/" + file.file).c_str(), &st) != 0 ||
            static_cast<std::uint64_t>(st.st_size) != file.size)
            return false;
    }
    return true;
}

}  // namespace imgport
