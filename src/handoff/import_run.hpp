// import_image() and cancel_import() with the cloud as an argument.
#pragma once

#include <imgport/import_call.hpp>

#include "cloud/credentials.hpp"
#include "cloud/http.hpp"
#include "cloud/retry.hpp"

namespace imgport {

struct Cloud {
    HttpTransport &http;
    CredentialSource &who;
    // The first calls give up soon (a wrong address is a wrong address); once a task runs, an outage of some minutes is
    // sat out.
    RetryPolicy first_calls{.attempts = 6};
    RetryPolicy while_following{.attempts = 20};
};

Result<ImportDone> import_image(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress,
                                Cloud cloud);
Result<ImportDone> cancel_import(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress,
                                 Cloud cloud);

}  // namespace imgport
