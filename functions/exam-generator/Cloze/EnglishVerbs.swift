// SPDX-License-Identifier: Apache-2.0

/// Verbs of English as they occur in teaching texts.
enum EnglishVerbs {
    /// Base forms of verbs that are rarely nouns.
    static let bases = WordList.words(
        """
        absorb accelerate accept accomplish accumulate achieve acquire activate adapt add adjust
        admit adopt advise affect aggregate agree align allocate allow alter amplify analyse analyze
        announce anticipate appear apply appoint appreciate argue arise arrange arrive ask assemble
        assert assess assign associate assume attach attain attend attract avoid balance become
        begin behave believe belong bind boil borrow break breathe breed bring broaden build burn
        calculate capture carry catch cease celebrate characterise characterize choose circulate
        claim clarify classify collapse collect combine come commit communicate compare compete
        compile complain complete comprise compute conceal concentrate conclude condense confirm
        confuse connect conquer consider consist constitute construct consume contain continue
        contract contradict contribute convert convey cooperate correspond create criticise
        criticize cross crystallise cultivate decay decide declare decline decompose decrease defeat
        defend define deform degrade deliver demonstrate deny depart depend deploy deposit derive
        descend describe deserve destroy detect determine develop devise differ diffuse digest
        diminish direct disappear discard discharge disclose discover discuss disperse displace
        dissipate dissolve distinguish distribute divide dominate draw drift drive drop duplicate
        earn eat educate elect eliminate emerge emit employ enable encode encounter encourage
        enforce engage enhance enjoy enlarge enlist ensure enter equip erode escape establish
        evaluate evaporate evolve examine exceed exclude execute exhibit exist expand expect expel
        explain exploit explode explore export express extend extract facilitate fail fall feed
        fetch fight find finish flee fluctuate flourish fly follow forbid force forget form found
        freeze fulfil function gain gather generate get give go govern grant grow guarantee happen
        harden hatch hear heat help hide hold identify ignore illustrate imagine imply import
        improve include incorporate increase indicate induce infect infer inflate inform inhabit
        inherit inhibit initiate inject insert inspire install intend interact interfere interpret
        introduce invade invent invest investigate invite involve ionise ionize isolate join justify
        keep kill know launch lay lead lean learn leave lend let lie limit line listen live locate
        look lose lower maintain make manage manufacture marry mature mean measure melt mention
        migrate minimise minimize mix modify monitor move multiply negotiate neutralise neutralize
        normalise normalize notice obey observe obtain occupy occur offer open operate oppose
        organise organize originate oscillate overcome overlap overthrow owe own oxidise oxidize
        participate pass pay penetrate perceive perform permit persist persuade photosynthesise
        place plan play point pollinate possess postulate practise precede precipitate predict
        prefer prepare preserve press prevent proceed process proclaim produce profit progress
        prohibit promise promote propagate propose protect prove provide publish pump purchase
        pursue push put puzzle radiate raise rank reach react read realise realize rearrange recall
        receive recognise recognize recombine recommend reconstruct record recover reduce refer
        reflect refract refuse regain regenerate regulate reign reject relate release rely remain
        remember remind remove render repair repeat repel replace replicate reply report represent
        reproduce require resemble reside resist resolve respond restore restrict result resume
        retain retreat retrieve return reveal revolve rise rotate rule run satisfy say scatter seek
        seem select sell send separate serve set settle shape share shed shield shift shine show
        shrink signify simplify simulate sink sit slow solidify solve sort speak specialise
        specialize specify spend spin split spread stabilise stabilize stand start state stay
        stimulate stop store strengthen stretch strike study succeed suffer suggest supply support
        suppose surround survive suspect swell swim switch symbolise synthesise synthesize take talk
        teach tell tend terminate test think threaten throw tie tolerate touch trace trade train
        transcribe transfer transform transition translate transmit transport trap travel treat
        trigger try turn undergo understand undertake unify unite unlock update upgrade urge use
        utilise utilize validate vanish vary verify vibrate view violate visit vote walk want warm
        warn wash watch weaken wear weigh win wish withdraw work worsen write yield
        """
    )

    /// Verbs whose -s form or base form is a noun just as often.
    static let alsoNouns = WordList.words(
        """
        leaf leave use form cell plant store light flow rate cause change work process result
        function move rise fall study test support supply trade transport trap travel vote walk view
        visit start state stay stop spread split spin shift share shape set sort return report
        repair release reign record reply rule run rank puzzle push pump purchase protest promise
        profit progress press practice point place play plan pass own open offer notice mix measure
        matter match mark look limit line lie lead launch heat help guide ground gain force focus
        fight feed export import experiment escape drop drive draw drift divide display discharge
        direct deposit demand delay decrease decline decay defeat cross cover cost control contract
        contact collapse claim choice charge catch capture burn build break bond balance attack
        attempt answer aim act access increase influence impact interest benefit damage search sign
        signal sound source stress structure surface switch target taste throw title touch trace
        train transfer transition treat trigger turn watch water wave wear weight wish yield program
        design name need end group head hand face date time order number call cut beat shield bend
        bloom branch bridge cast circle clock cloud cool crop dam deal delta dream dress drill dry
        exchange field figure film fire fish flash flood float fold fruit fuel gas grade graph
        harbour harvest host hunt issue joint journey judge jump key kick label land layer leap
        level lift link list load lock loop loss map market mass master model motor mount mouth nest
        net note nurse orbit pack page paint pair park part pattern peak phase pick picture pilot
        pipe pitch plate plot plough pool post pound power price print pulse quarter question queue
        race radio rain range ray reach reform repeat request research respect rest ring risk river
        rock role roll root round route sail salt sample scale school score screen seal season seat
        seed sense sentence shadow shell ship shock shoot shop show side sink slave slide slip slope
        smell smoke snow space spark speed spring spot stage stamp stand star stem step stick stone
        storm strain stream strike string strip style suit sum swing tail talk tank tax team term
        tie tip tool top torch track trail trick trip tube type value voice wash waste wind witness
        wonder worry wound award battle vacuum
        """
    )

    /// Those of ``alsoNouns`` that are verbs more often in the -s form.
    static let mostlyVerbs = WordList.words(
        "works uses turns moves rises falls runs plays acts helps makes takes serves lies stands"
    )

    /// Past forms and participles that do not end in -ed.
    static let irregularPasts = WordList.words(
        """
        arisen arose became become began begun bent bit bitten blew blown born bore bound bred broke
        broken brought built burnt bought came caught chose chosen cut dealt dug drew drawn driven
        drove drank drunk ate eaten fallen fell fed felt fought found fled flew flown forbade
        forbidden forgot forgotten froze frozen gave given gone got gotten grew grown went heard
        held hid hidden hit kept knew known laid lain led left lent let lost lit made meant met paid
        put quit read ridden rode rang rung risen rose ran run said sank sunk sat saw seen sent set
        shaken shook shed shone shot showed shown shrank shrunk shut slept slid sold sought spent
        split spoke spoken spread spun stood stole stolen struck stuck swam swum swept swung swore
        sworn taken taught thought threw thrown told took torn tore understood undergone underwent
        undertook undertaken upheld withdrew withdrawn woke woken won wore worn wound wove woven
        wrote written overcame overthrew overthrown rebuilt rewritten
        """
    )

    /// Past forms that people do and things rarely do.
    static let personal = WordList.words(
        """
        invented discovered wrote proposed argued published described developed demonstrated showed
        proved stated built designed won died studied explained believed observed concluded
        suggested composed painted ruled reigned conquered formulated predicted noticed realised
        realized coined patented isolated synthesised synthesized taught travelled traveled sailed
        explored abdicated ordered refused persuaded thought
        """
    )
}
