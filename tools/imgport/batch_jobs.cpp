// A job's options are those of `prepare`: they are read off its parser, and understood by it.
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <strings.h>

#include <imgport/uploader.hpp>

#include "batch.hpp"

namespace imgport::cli {
namespace {

// A parser for the options of `prepare` alone. What it is bound to is fresh for each job.
class JobParser {
public:
    JobParser() { add_prepare_options(m_app, &m_arguments); }

    Result<PrepareArguments> parse(std::vector<std::string> words)
    {
        m_arguments = PrepareArguments{};
        std::reverse(words.begin(), words.end());  // as CLI11 wants them
        try {
            m_app.parse(std::move(words));
        } catch (const CLI::ParseError &error) {
            return fail(ErrorCode::usage, error.what());
        }
        return m_arguments;
    }

    const CLI::App &app() const { return m_app; }

private:
    CLI::App m_app;
    PrepareArguments m_arguments;
};

JobKey::Kind kind_of(const CLI::Option &option)
{
    if (option.get_items_expected_max() == 0)
        return JobKey::Kind::flag;
    return option.get_expected_max() > 1 ? JobKey::Kind::list : JobKey::Kind::value;
}

std::string absolute(const std::string &path, const std::string &folder)
{
    std::error_code ignored;
    std::filesystem::path const full = path.starts_with('/') ? path : folder + "/" + path;
    return std::filesystem::absolute(full, ignored).lexically_normal().string();
}

// What a value names, seen from that folder. Extents and backing files are plain names beside their image.
std::string located(const std::string &option, const std::string &value, const std::string &folder)
{
    if (option == "data-disk" || option == "config" || option == "baseline")
        return value.find("://") == std::string::npos ? absolute(value, folder) : value;
    if (option == "profile" && (value.find('/') != std::string::npos || value.ends_with(".toml")))
        return absolute(value, folder);
    constexpr std::string_view directory = "dir:";
    if (option == "upload" && value.starts_with(directory))
        return std::string(directory) + absolute(value.substr(directory.size()), folder);
    // A link copied from a console may carry a signature. It is no part of the destination, and no list is to keep it.
    if (option == "upload" && ::strncasecmp(value.c_str(), "http", 4) == 0)
        return value.substr(0, value.find_first_of("?#"));
    return value;
}

// Each value is tried on the parser once, however many images have it.
std::vector<JobKey> keys_of(const std::shared_ptr<JobParser> &parser)
{
    auto const tried = std::make_shared<std::map<std::string, std::string>>();
    std::vector<JobKey> keys;
    for (const CLI::Option *const option : parser->app().get_options()) {
        auto const names = option->get_lnames();
        if (names.empty() || names.front() == "help")
            continue;
        std::string const &name = names.front();
        JobKey key{.name = name, .kind = kind_of(*option)};
        if (name == "config" || name == "no-config")
            key.contrary = name == "config" ? "no-config" : "config";
        if (key.kind != JobKey::Kind::flag) {
            key.complaint = [parser, tried, name](const std::string &value) {
                auto const [found, is_new] = tried->emplace(fmt::format("--{}={}", name, value), std::string());
                if (is_new) {
                    if (auto const parsed = parser->parse({found->first}); !parsed)
                        found->second = parsed.error().message;
                }
                return found->second;
            };
            key.locate = [name](const std::string &value, const std::string &folder) {
                return located(name, value, folder);
            };
        }
        keys.push_back(std::move(key));
    }
    return keys;
}

std::string here()
{
    std::error_code ignored;
    return std::filesystem::current_path(ignored).string();
}

}  // namespace

void add_batch_defaults(CLI::App &verb, BatchDefaults &defaults)
{
    defaults.verb = &verb;
    add_prepare_options(verb, &defaults.arguments);
}

std::string given_default(const BatchDefaults &defaults)
{
    for (auto const &key : keys_of(std::make_shared<JobParser>())) {
        if (defaults.verb->get_option("--" + key.name)->count() > 0)
            return "--" + key.name;
    }
    return {};
}

Result<JobList> batch_jobs(const std::vector<std::string> &sources, const BatchDefaults &defaults,
                           const std::string &output_dir)
{
    JobListOptions options{.keys = keys_of(std::make_shared<JobParser>())};
    for (auto const &key : options.keys) {
        const CLI::Option *const option = defaults.verb->get_option("--" + key.name);
        if (option->count() == 0)
            continue;
        JobOption made{key.name};
        if (key.kind != JobKey::Kind::flag) {
            for (auto const &value : option->results())
                made.values.push_back(key.locate(value, here()));
        }
        options.defaults.push_back(std::move(made));
    }
    if (std::filesystem::exists("imgport.toml"))
        options.fallbacks.push_back({"config", {absolute("imgport.toml", here())}});
    else
        options.fallbacks.push_back({"no-config"});
    if (!output_dir.empty())
        options.earlier = stored_jobs(output_dir).value_or(std::vector<BatchJob>());
    auto list = read_jobs(sources, options);
    if (!list)
        return list;
    std::map<std::string, const BatchJob *> objects;
    for (auto &job : list->jobs) {
        if (auto const *const upload = job.option("upload"); upload != nullptr && names_one_object(upload->values[0])) {
            auto const [other, is_new] = objects.emplace(upload->values[0], &job);
            if (!is_new)
                return fail({ErrorCode::usage,
                             fmt::format("{}: {} would be uploaded over {}", job.where.empty() ? job.path : job.where,
                                         job.name, other->second->name),
                             {},
                             {},
                             "upload",
                             "name a folder: a key that ends with /"});
        }
    }
    return list;
}

JobMeaning job_meaning(const Globals &globals)
{
    auto const parser = std::make_shared<JobParser>();
    auto const profiles = std::make_shared<std::map<std::string, std::optional<Error>>>();
    return [parser, profiles, globals](const BatchJob &job) -> Result<ConvertOptions> {
        auto const complain = [&](Error error) {
            if (!job.where.empty())
                error.message = fmt::format("{}: {}", job.where, error.message);
            return fail(error);
        };
        auto const arguments = parser->parse(arguments_of(job));
        if (!arguments)
            return complain(arguments.error());
        for (auto const &name : arguments->check.profiles) {
            auto const [found, is_new] = profiles->emplace(name, std::nullopt);
            if (is_new) {
                if (auto const profile = load_profile(name); !profile)
                    found->second = profile.error();
            }
            if (found->second)
                return complain(*found->second);
        }
        auto made = prepare_conversion(*arguments, globals);
        if (!made)
            return complain(made.error());
        return made;
    };
}

Result<PrepareOptions> job_options(const BatchJob &job, const Globals &globals)
{
    auto const arguments = JobParser().parse(arguments_of(job));
    if (!arguments)
        return fail(arguments.error());
    auto const config = check_config(arguments->check);
    if (!config)
        return fail(config.error());
    return prepare_options(*arguments, *config, globals);
}

}  // namespace imgport::cli
