"""Proposers: the next Architecture from the contract and the finished Trials. They never see data or measurements."""
