-- Returns '' and the balance, or a word.
if not known then return {'notfound'} end
return balance()
