#include "batch/folder.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "support/file_lock.hpp"
#include "support/json_fields.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr const char *list_schema = "imgport.batch-jobs/1";
constexpr std::size_t list_limit = std::size_t{256} << 20;

// Not to_json(): paths are kept as they are, and not made safe to show.
Json job_json(const BatchJob &job)
{
    Json options = Json::object();
    for (auto const &option : job.options)
        options[option.name] = option.values;
    return {{"name", job.name}, {"path", job.path}, {"options", options}, {"where", job.where}};
}

BatchJob job_of(const Json &json)
{
    BatchJob job{.path = json.at("path").get<std::string>(),
                 .name = json.at("name").get<std::string>(),
                 .where = json.value("where", "")};
    for (auto const &[name, values] : json.at("options").items())
        job.options.push_back({name, values.get<std::vector<std::string>>()});
    return job;
}

Result<std::string> list_text(const BatchFolder &folder)
{
    auto text = read_text_file(folder.list(), list_limit);
    if (!text)
        return fail({.code = ErrorCode::usage,
                     .message = "no batch was run there",
                     .file = folder.output(),
                     .hint = "imgport batch run JOBS --output DIR begins one"});
    return text;
}

Error broken_list(const BatchFolder &folder, std::size_t line, const std::string &why)
{
    return {.code = ErrorCode::malformed, .message = fmt::format("line {}: {}", line, why), .file = folder.list()};
}

// The lines after the first, which tells the schema.
Result<std::vector<std::string_view>> job_lines(const BatchFolder &folder, const std::string &text)
{
    auto lines = lines_of(text);
    try {
        if (!lines.empty() && Json::parse(lines.front()).value("schema", "") == list_schema) {
            lines.erase(lines.begin());
            return lines;
        }
    } catch (const Json::exception &) {
    }
    return fail(broken_list(folder, 1, fmt::format("the schema is not {}", list_schema)));
}

Result<BatchJob> job_in(const BatchFolder &folder, std::string_view line, std::size_t index)
{
    try {
        return job_of(Json::parse(line));
    } catch (const Json::exception &error) {
        return fail(broken_list(folder, index + 2, error.what()));
    }
}

}  // namespace

Result<void> BatchFolder::make() const
{
    for (auto const &path : {state() + "/results", state() + "/claims"}) {
        std::error_code problem;
        std::filesystem::create_directories(path, problem);
        if (problem)
            return fail(system_error(ErrorCode::environment, "cannot be made", path, problem.value()));
    }
    return {};
}

std::string BatchFolder::whole_output() const
{
    std::error_code ignored;
    return without_slash(std::filesystem::absolute(m_output, ignored).lexically_normal().string());
}

// ---------------------------------------------------------------------------------------------------------- the list

Result<void> store_jobs(const BatchFolder &folder, const std::vector<BatchJob> &jobs)
{
    std::string text = Json{{"schema", list_schema}}.dump() + "\n";
    for (auto const &job : jobs)
        text += job_json(job).dump() + "\n";
    // A list that is the same is not written again: a full disk does not keep a batch from being told to stop.
    if (auto const before = read_text_file(folder.list(), list_limit); before && *before == text)
        return {};
    return write_file(folder.list(), text, Overwrite::yes);
}

Result<std::vector<BatchJob>> stored_jobs(const std::string &output_dir)
{
    BatchFolder const folder(output_dir);
    auto const text = list_text(folder);
    if (!text)
        return fail(text.error());
    auto const lines = job_lines(folder, *text);
    if (!lines)
        return fail(lines.error());
    std::vector<BatchJob> jobs;
    jobs.reserve(lines->size());
    for (auto const line : *lines) {
        auto job = job_in(folder, line, jobs.size());
        if (!job)
            return fail(job.error());
        jobs.push_back(std::move(*job));
    }
    return jobs;
}

Result<BatchJob> stored_job(const std::string &output_dir, std::size_t index)
{
    BatchFolder const folder(output_dir);
    auto const text = list_text(folder);
    if (!text)
        return fail(text.error());
    auto const lines = job_lines(folder, *text);
    if (!lines)
        return fail(lines.error());
    if (index >= lines->size())
        return fail(
            {.code = ErrorCode::usage,
             .message = fmt::format("there is no job {}: the list has {}, counted from 0", index, lines->size()),
             .file = folder.list()});
    return job_in(folder, (*lines)[index], index);
}

bool batch_active(const std::string &output_dir)
{
    return FileLock::held(BatchFolder(output_dir).run_lock());
}

}  // namespace imgport
