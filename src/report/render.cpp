// The forms of the report, by name.
#include <imgport/report.hpp>

#include "support/file.hpp"

namespace imgport {

const char *to_string(ReportFormat format)
{
    switch (format) {
    case ReportFormat::text: return "text";
    case ReportFormat::json: return "json";
    case ReportFormat::sarif: return "sarif";
    case ReportFormat::junit: return "junit";
    case ReportFormat::markdown: return "markdown";
    case ReportFormat::html: return "html";
    }
    return "";
}

const std::vector<std::string> &report_format_names()
{
    static const std::vector<std::string> names{"text", "json", "sarif", "junit", "markdown", "html"};
    return names;
}

std::optional<ReportFormat> report_format_from_string(std::string_view name)
{
    for (ReportFormat const format : {ReportFormat::text, ReportFormat::json, ReportFormat::sarif, ReportFormat::junit,
                                      ReportFormat::markdown, ReportFormat::html}) {
        if (name == to_string(format))
            return format;
    }
    return std::nullopt;
}

std::string render_report(const Report &report, ReportFormat format, const TextOptions &options)
{
    switch (format) {
    case ReportFormat::text: return report_text(report, options);
    case ReportFormat::json: return report_json(report);
    case ReportFormat::sarif: return report_sarif(report);
    case ReportFormat::junit: return report_junit(report, options.verdict);
    case ReportFormat::markdown: return report_markdown(report, options);
    case ReportFormat::html: return report_html(report, options);
    }
    return {};
}

Result<void> write_report(const Report &report, ReportFormat format, const TextOptions &options,
                          const std::string &path)
{
    TextOptions plain = options;  // a file is no terminal
    plain.color = Color::no;
    return write_file(path, render_report(report, format, plain), Overwrite::yes);
}

}  // namespace imgport
