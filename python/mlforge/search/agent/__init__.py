"""A language model as a proposer. It sees costs, verdicts and qualities as numbers, and answers with architectures as
data, which are validated; nothing that it writes is executed, and no text of the user's reaches it."""
