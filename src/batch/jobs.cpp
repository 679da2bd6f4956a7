// The jobs of a batch, out of folders, patterns and lists.
#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <glob.h>

#include "batch/list.hpp"
#include "batch/names.hpp"
#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t list_limit = std::size_t{64} << 20;

// Files of a folder that are taken for images.
constexpr std::array image_suffixes{".qcow2", ".img", ".raw", ".vmdk", ".vhdx", ".vhd", ".vdi",
                                    ".qcow",  ".qed", ".ova", ".gz",   ".xz",   ".bz2", ".zst",
                                    ".zip",   ".tar", ".tgz", ".ovf",  ".iso",  ".hdd", ".dmg"};

bool ends_as(const std::string &path, std::string_view suffix)
{
    return to_lower(path).ends_with(suffix);
}

// "disk-flat.vmdk", "disk-s001.vmdk": the data of a descriptor that is in the list itself.
bool is_extent(const std::string &name)
{
    std::string const lower = to_lower(name);
    if (!lower.ends_with(".vmdk"))
        return false;
    std::string_view const stem = std::string_view(lower).substr(0, lower.size() - 5);
    for (std::string_view const end : {"-flat", "-delta", "-sesparse", "-rdm", "-rdmp", "-ctk"}) {
        if (stem.ends_with(end))
            return true;
    }
    return stem.size() > 5 && stem[stem.size() - 5] == '-' &&
           (stem[stem.size() - 4] == 's' || stem[stem.size() - 4] == 'f') &&
           parse_number(stem.substr(stem.size() - 3)).has_value();
}

std::string absolute(const std::string &path, const std::string &folder)
{
    if (path.find("://") != std::string::npos)
        return path;
    std::error_code ignored;
    auto const full =
        std::filesystem::path(path).is_absolute() ? std::filesystem::path(path) : std::filesystem::path(folder) / path;
    return std::filesystem::absolute(full, ignored).lexically_normal().string();
}

bool are_text(const std::vector<std::string> &values)
{
    return std::all_of(values.begin(), values.end(), [](auto const &text) { return code_points(text).has_value(); });
}

const JobKey *key_of(const std::vector<JobKey> &keys, const std::string &name)
{
    auto const found = std::find_if(keys.begin(), keys.end(), [&](auto const &key) { return key.name == name; });
    return found == keys.end() ? nullptr : &*found;
}

void set(std::vector<JobOption> &options, JobOption option)
{
    auto const at = std::lower_bound(options.begin(), options.end(), option,
                                     [](auto const &a, auto const &b) { return a.name < b.name; });
    if (at != options.end() && at->name == option.name)
        *at = std::move(option);
    else
        options.insert(at, std::move(option));
}

class Reader {
public:
    explicit Reader(const JobListOptions &options) : m_options(options)
    {
        for (auto const &option : options.defaults)
            set(m_defaults, option);
        m_names = {"path", "name"};
        for (auto const &key : options.keys)
            m_names.push_back(key.name);
    }

    Result<JobList> read(const std::vector<std::string> &sources)
    {
        for (const std::vector<JobOption> *const options : {&std::as_const(m_defaults), &m_options.fallbacks}) {
            for (auto const &option : *options) {
                if (!are_text(option.values))
                    return fail({.code = ErrorCode::usage,
                                 .message = "is no valid UTF-8, in which lists and journals are written",
                                 .field = option.name});
            }
        }
        for (auto const &source : sources) {
            if (auto done = add_source(source); !done)
                return fail(done.error());
        }
        for (auto const &job : m_list.jobs) {
            if (!code_points(job.path))
                return fail({.code = ErrorCode::usage,
                             .message = "the name is no valid UTF-8, in which lists and journals are written",
                             .file = job.path,
                             .hint = "rename it, or give it another name with a symbolic link"});
        }
        if (m_list.jobs.empty())
            return fail(
                {.code = ErrorCode::usage, .message = fmt::format("no image was found in {}", join(sources, ", "))});
        for (auto &job : m_list.jobs)
            fall_back(job);
        if (auto named = name_jobs(m_list.jobs, m_options.earlier); !named)
            return fail(named.error());
        return std::move(m_list);
    }

private:
    Result<void> add_source(const std::string &source)
    {
        std::error_code ignored;
        if (std::filesystem::is_directory(source, ignored))
            return add_folder(source);
        bool const there = std::filesystem::exists(source, ignored);
        if (!there && source.find_first_of("*?[") != std::string::npos && source.find("://") == std::string::npos)
            return add_pattern(source);
        if (ends_as(source, ".toml"))
            return add_list(source, parse_toml_list);
        if (ends_as(source, ".csv"))
            return add_list(source, parse_csv_list);
        if (ends_as(source, ".txt") || ends_as(source, ".list"))
            return add_list(source, parse_text_list);
        if (!there && source.find("://") == std::string::npos)
            return fail({.code = ErrorCode::usage,
                         .message = "is not there",
                         .file = source,
                         .hint = "a job list is a folder, a pattern, a .txt, .list, .toml or .csv file, or an image"});
        add_image(source);
        return {};
    }

    // What folders and patterns give twice is meant once.
    void add_image(const std::string &path)
    {
        std::string full = absolute(path, ".");
        if (m_seen.insert(full).second)
            m_list.jobs.push_back({.path = std::move(full), .name = {}, .options = m_defaults});
    }

    Result<void> add_folder(const std::string &folder)
    {
        std::vector<std::string> found;
        std::size_t others = 0;
        std::size_t extents = 0;
        std::error_code problem;
        for (auto const &entry : std::filesystem::directory_iterator(folder, problem)) {
            std::string const name = entry.path().filename().string();
            std::error_code ignored;
            if (name.starts_with('.') || entry.is_directory(ignored))
                continue;
            bool const known = std::any_of(image_suffixes.begin(), image_suffixes.end(),
                                           [&](const char *suffix) { return ends_as(name, suffix); });
            if (is_extent(name))
                ++extents;
            else if (known)
                found.push_back(entry.path().string());
            else
                ++others;
        }
        if (problem)
            return fail(system_error(ErrorCode::usage, "cannot be read", folder, problem.value()));
        std::sort(found.begin(), found.end());
        for (auto const &path : found)
            add_image(path);
        if (others > 0)
            m_list.notes.push_back(
                fmt::format("{}: {} files left out whose names are none of an image", printable(folder), others));
        note_extents(folder, extents);
        return {};
    }

    void note_extents(const std::string &where, std::size_t extents)
    {
        if (extents > 0)
            m_list.notes.push_back(
                fmt::format("{}: {} files left out that hold the data of a VMDK descriptor; allow-extent lets it be "
                            "followed",
                            printable(where), extents));
    }

    Result<void> add_pattern(const std::string &pattern)
    {
        glob_t matches{};
        std::size_t extents = 0;
        int const status = ::glob(pattern.c_str(), 0, nullptr, &matches);
        for (std::size_t i = 0; status == 0 && i < matches.gl_pathc; ++i) {
            std::error_code ignored;
            if (std::filesystem::is_directory(matches.gl_pathv[i], ignored))
                continue;
            if (is_extent(base_name(matches.gl_pathv[i])))
                ++extents;
            else
                add_image(matches.gl_pathv[i]);
        }
        ::globfree(&matches);
        note_extents(pattern, extents);
        if (status == 0)
            return {};
        return fail({.code = ErrorCode::usage,
                     .message = status == GLOB_NOMATCH ? "no file matches the pattern" : "cannot be read",
                     .file = pattern});
    }

    Result<void> add_list(const std::string &path,
                          Result<WrittenList> (*parse)(std::string_view text, const std::string &path))
    {
        auto const text = read_text_file(path, list_limit);
        if (!text) {
            Error error = text.error();
            error.code = ErrorCode::usage;
            return fail(error);
        }
        auto const list = parse(*text, path);
        if (!list)
            return fail(list.error());
        BatchJob defaults;
        defaults.options = m_defaults;
        if (auto done = understand(list->defaults, path, defaults); !done)
            return done;
        if (!defaults.path.empty() || !defaults.name.empty())
            return fail(list_error(path, list->defaults.line, "an image's path and name are no defaults"));
        for (auto const &entry : list->images) {
            BatchJob job;
            job.options = defaults.options;
            job.where = fmt::format("{}, line {}", printable(base_name(path)), entry.line);
            if (auto done = understand(entry, path, job); !done)
                return done;
            if (job.path.empty())
                return fail(list_error(path, entry.line, "an image needs a path"));
            m_list.jobs.push_back(std::move(job));
        }
        return {};
    }

    Result<void> understand(const ListEntry &entry, const std::string &path, BatchJob &job)
    {
        for (auto const &value : entry.values) {
            if (!are_text(value.values))
                return fail(list_error(path, value.line, fmt::format("'{}' is no valid UTF-8", value.key)));
            if (value.key == "path" || value.key == "name") {
                if (value.values.size() != 1 || value.values.front().empty())
                    return fail(list_error(path, value.line, fmt::format("'{}' must be text", value.key)));
                (value.key == "path" ? job.path : job.name) = value.values.front();
                continue;
            }
            const JobKey *const key = key_of(m_options.keys, value.key);
            if (key == nullptr)
                return fail(list_error(path, value.line, unknown_key("key of an image:", value.key, m_names)));
            if (auto done = take(*key, value, path, job); !done)
                return done;
        }
        if (!job.name.empty()) {
            if (auto const wrong = wrong_name(job.name); !wrong.empty())
                return fail(list_error(path, entry.line, wrong));
        }
        if (!job.path.empty())
            job.path = absolute(job.path, dir_name(path));
        return {};
    }

    Result<void> take(const JobKey &key, const ListValue &value, const std::string &path, BatchJob &job) const
    {
        if (key.kind == JobKey::Kind::flag)
            return take_flag(key, value, path, job);
        auto values = value.values;
        if (key.kind == JobKey::Kind::list && value.joined)
            values = split(values.front(), ';');
        if (key.kind == JobKey::Kind::value && values.size() != 1)
            return fail(list_error(path, value.line, fmt::format("'{}' is one value, not several", key.name)));
        for (auto &one : values) {
            one = trim(one);
            if (std::string const wrong = key.complaint ? key.complaint(one) : std::string(); !wrong.empty())
                return fail(list_error(path, value.line, fmt::format("'{}': {}", key.name, printable(wrong))));
            if (key.locate)
                one = key.locate(one, absolute(dir_name(path), "."));
        }
        if (!are_text(values))
            return fail(list_error(path, value.line,
                                   fmt::format("'{}' leads into a folder whose name is no valid UTF-8", key.name)));
        if (values.empty())  // an empty list: none of the defaults either
            std::erase_if(job.options, [&](auto const &option) { return option.name == key.name; });
        else
            say(key, std::move(values), job);
        return {};
    }

    static void say(const JobKey &key, std::vector<std::string> values, BatchJob &job)
    {
        set(job.options, {key.name, std::move(values)});
        std::erase_if(job.options, [&](auto const &option) { return option.name == key.contrary; });
    }

    void fall_back(BatchJob &job) const
    {
        for (auto const &option : m_options.fallbacks) {
            auto const *const key = key_of(m_options.keys, option.name);
            if (job.option(option.name) == nullptr && (key == nullptr || job.option(key->contrary) == nullptr))
                set(job.options, option);
        }
    }

    static Result<void> take_flag(const JobKey &key, const ListValue &value, const std::string &path, BatchJob &job)
    {
        std::string const word = value.values.size() == 1 ? to_lower(value.values.front()) : std::string();
        bool const yes = word == "true" || word == "yes" || word == "1";
        if (!yes && word != "false" && word != "no" && word != "0")
            return fail(list_error(path, value.line, fmt::format("'{}' is either true or false", key.name)));
        if (yes)
            say(key, {}, job);
        else
            std::erase_if(job.options, [&](auto const &option) { return option.name == key.name; });
        return {};
    }

    const JobListOptions &m_options;
    std::vector<JobOption> m_defaults;
    std::vector<std::string> m_names;
    std::set<std::string> m_seen;
    JobList m_list;
};

}  // namespace

const JobOption *BatchJob::option(std::string_view option_name) const
{
    auto const found =
        std::find_if(options.begin(), options.end(), [&](auto const &option) { return option.name == option_name; });
    return found == options.end() ? nullptr : &*found;
}

std::vector<std::string> arguments_of(const BatchJob &job)
{
    std::vector<std::string> arguments;
    for (auto const &option : job.options) {
        if (option.values.empty())
            arguments.push_back("--" + option.name);
        for (auto const &value : option.values)
            arguments.push_back(fmt::format("--{}={}", option.name, value));
    }
    return arguments;
}

Result<JobList> read_jobs(const std::vector<std::string> &sources, const JobListOptions &options)
{
    return Reader(options).read(sources);
}

}  // namespace imgport
