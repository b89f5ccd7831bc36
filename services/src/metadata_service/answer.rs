/// One of the two languages of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `/subject/{id}`: an envelope around a document of schema 1.
    V1,
    /// `/api/v2/subject/{id}`: the bare document of schema 2.
    V2,
}

/// What the service has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A document, or a list for funding and investigators.
    Found {
        /// JSON, as the service wrote it.
        text: String,
        /// What a person should know of it: it is partial, it does not validate, there are several.
        remark: Option<String>,
        /// The language it came in.
        api: Language,
    },
    /// The service answered that it has none.
    Missing {
        /// What was asked and what was answered: `GET https://… answered 404: No Data Found.`
        said: String,
    },
}
