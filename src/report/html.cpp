// One page that anybody can open, print and pass on: no scripts, nothing fetched, nothing of the image but text.
#include <imgport/report.hpp>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <imgport/version.hpp>

#include "report/disk_drawing.hpp"
#include "report/escape.hpp"
#include "report/html_parts.hpp"
#include "report/html_style.hpp"
#include "report/outcome.hpp"
#include "report/style.hpp"
#include "support/bytes.hpp"
#include "support/digest.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Only this very style sheet is allowed; no script, picture, frame, form or connection.
std::string security_policy()
{
    Sha256 digest;
    digest.update(bytes_of(html_style));
    auto const value = digest.finish();
    return fmt::format("default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
                       to_base64(value));
}

std::string overview(const Report &report)
{
    std::string rows;
    for (std::size_t i = 0; i < report.images.size(); ++i) {
        auto const &entry = report.images[i];
        auto const count = tally(entry.findings);
        rows += fmt::format("<tr><th scope=\"row\"><a href=\"#image-{}\"><bdi>{}</bdi></a></th><td>{}</td>"
                            "<td><span class=\"badge {}\">{}</span></td>",
                            i + 1, html_text(entry.path), html_text(entry.profile, 60), class_of(entry.verdict),
                            to_string(entry.verdict));
        for (std::size_t const number : {count.violated[0], count.violated[1], count.violated[2], count.violated[3],
                                         count.unknown, count.accepted})
            rows += fmt::format("<td class=\"count\">{}</td>", number);
        rows += "</tr>\n";
    }
    std::string heads;
    for (const char *head : {"Image", "Profile", "Verdict"})
        heads += fmt::format("<th scope=\"col\">{}</th>", head);
    for (const char *head : {"Fail", "Unreachable", "Feature", "Recommendation", "Unknown", "Accepted"})
        heads += fmt::format("<th scope=\"col\" class=\"count\">{}</th>", head);
    return "<section class=\"overview\" aria-labelledby=\"overview\">\n<h2 id=\"overview\">All images</h2>\n"
           "<div class=\"scroll\" role=\"region\" aria-label=\"Verdicts of all images\" tabindex=\"0\">\n<table>\n"
           "<thead><tr>" +
           heads + "</tr></thead>\n<tbody>\n" + rows + "</tbody>\n</table>\n</div>\n</section>\n";
}

std::string image_article(const ReportEntry &entry, std::size_t number, std::string_view other_profile)
{
    std::string const id = fmt::format("image-{}", number);
    std::string out = fmt::format("<article class=\"image\" id=\"{0}\" aria-labelledby=\"{0}-title\">\n"
                                  "<h2 id=\"{0}-title\"><bdi>{1}</bdi></h2>\n{2}",
                                  id, html_text(entry.path), verdict_banner(entry));
    if (!other_profile.empty())
        out += fmt::format("<p class=\"quiet\">{}</p>\n", html_text(other_profile, 2000));
    out += html_findings(entry, id);
    out += fmt::format("<section>\n<h3 id=\"{0}-facts\">What was found</h3>\n{1}", id, image_facts(entry));
    out += "</section>\n";
    if (auto const figure = disk_figure(entry, id); !figure.empty())
        out += fmt::format("<section>\n<h3 id=\"{0}-disk\">The disk</h3>\n{1}</section>\n", id, figure);
    return out + quiet_findings(entry, id) + "</article>\n";
}

std::string summary_line(const Report &report)
{
    auto const ready = static_cast<std::size_t>(std::count_if(
        report.images.begin(), report.images.end(), [](auto const &entry) { return entry.verdict == Verdict::pass; }));
    std::set<std::string> profiles;
    for (auto const &entry : report.images)
        profiles.insert(html_text(entry.profile, 60));
    return fmt::format("{} of {} ready to import{}{}.", ready, counted(report.images.size(), "image", "images"),
                       profiles.empty() ? "" : " under ",
                       join(std::vector<std::string>(profiles.begin(), profiles.end()), ", "));
}

}  // namespace

std::string report_html(const Report &report, const TextOptions &options)
{
    std::string out = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<meta name=\"generator\" content=\"imgport {}\">\n<title>Image import report</title>\n<style>{}</style>\n"
        "</head>\n<body>\n<a class=\"skip\" href=\"#report\">Skip to the findings</a>\n"
        "<header>\n<h1>Image import report</h1>\n<p class=\"quiet\">{}</p>\n</header>\n<main id=\"report\">\n",
        security_policy(), version(), html_style, summary_line(report));
    if (report.images.size() > 1)
        out += overview(report);
    for (std::size_t i = 0; i < report.images.size(); ++i)
        out += image_article(report.images[i], i + 1,
                             i < options.other_profile.size() ? options.other_profile[i] : std::string());
    return out + fmt::format("</main>\n<footer>\n<p>Written by imgport {}. The image was only read; what could not be "
                             "judged is listed as unknown, never as passed.</p>\n</footer>\n</body>\n</html>\n",
                             version());
}

}  // namespace imgport
