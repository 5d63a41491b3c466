// SPDX-License-Identifier: Apache-2.0

/// What tells the names of people from those of places and of other things.
enum EnglishNames {
    static let givenNames = WordList.words(
        """
        adam ada agnes alan albert alessandro alexander alexandre alfred alice alonzo amedeo amelia
        anders andre andrea andreas andrew anna anne anthony antoine antoni anton archibald arthur
        august augusta augustin barbara barry benjamin bernard bertrand betty bill blaise bob brian
        bruce camille carl carol caroline catherine cecil charles charlotte chester chien christian
        christiaan christine christopher clara claude claudius clement cleopatra daniel david dennis
        diana dmitri dmitry donald dorothy douglas edgar edith edmund edward edwin eleanor elias
        elizabeth ella ellen emil emily emma enrico eric ernest erwin ettore eugene eva evangelista
        felix ferdinand fernando florence frances francesco francis francisco frank franklin franz
        frederick friedrich fritz gabriel galileo gaspard geoffrey georg george gerald gertrude
        gilbert giovanni giuseppe glenn gordon gottfried grace gregor gregory guglielmo gustav guy
        hannah hans harold harriet harry hedy heinrich helen hendrik henri henrietta henry herbert
        herman hermann hernando horace howard hugh hugo humphry ian ida ignaz igor immanuel irene
        isaac isabel isabella isambard ivan jack jacob jacques james jan jane janet jean jeanne
        jennifer jim joan joe johann johannes john jonas jonathan joseph josef josephine joshua
        jules julia julius julian karl kate katherine kathleen ken kenneth konrad kurt larry laura
        lavoisier leo leon leonard leonardo leonhard lewis lillian linus lise lord louis louise lucy
        ludwig luigi luis marcel marco margaret maria marie marian mark martha martin mary mathias
        matthew matthias maurice max maximilien melvin michael michelangelo miguel mikhail mildred
        monica nancy napoleon nathaniel nelson nicola nicolas nicolaus niels nikola nikolai nikolaus
        nora norman olga oliver orville oscar oswald otto pablo patricia patrick paul peter philip
        philipp pierre rachel ralph ray raymond rebecca rene richard robert roald robin roger roland
        ronald rosa rosalind rudolf rudolph ruth sally samuel santiago sara sarah sergei sheila
        sigmund simon sophie stanley stephen steve steven sun susan svante sylvia ted theodor
        theodore theodosius thomas tim timothy tom tommy tycho ursula valentina vasco vera vernon
        victor victoria vincent vint virginia vladimir wallace walter warren wendy werner wilbur
        wilhelm willem william winston wolfgang yuri giordano evariste hildegard hypatia srinivasa
        subrahmanyan chandrasekhar tu chien-shiung
        """
    )

    /// What stands before the name of a person.
    static let titles = WordList.words(
        """
        mr mrs ms dr sir lady lord prof professor king queen emperor empress prince princess pope
        president general captain saint count duke tsar chancellor minister admiral consul sultan
        caliph pharaoh bishop cardinal judge senator colonel commander
        """
    )

    /// People by what they do, apart from those in -ist, -ian and -er.
    static let occupations = WordList.words(
        """
        mathematician physicist chemist biologist botanist astronomer engineer physician philosopher
        inventor doctor pastor priest monk nun poet author writer painter architect sculptor
        composer economist historian geologist explorer navigator surgeon pharmacist scientist
        professor statesman politician general king queen merchant banker nurse psychologist
        geographer naturalist zoologist clerk officer student colleague brother sister wife husband
        son daughter father mother friend assistant designer programmer biochemist physiologist
        geneticist meteorologist theologian reformer revolutionary
        """
    )

    static let places = WordList.words(
        """
        africa america asia europe australia antarctica england scotland wales ireland britain
        france germany italy spain portugal netherlands belgium switzerland austria hungary poland
        russia ukraine sweden norway denmark finland iceland greece turkey egypt tunisia algeria
        morocco libya sudan ethiopia kenya tanzania uganda nigeria ghana congo angola zambia
        zimbabwe mozambique madagascar israel palestine jordan syria lebanon iraq iran arabia
        afghanistan pakistan india bangladesh nepal tibet china mongolia korea japan taiwan vietnam
        laos cambodia thailand burma myanmar malaysia singapore indonesia philippines canada mexico
        guatemala cuba jamaica haiti panama colombia venezuela brazil peru bolivia chile argentina
        uruguay ecuador hawaii alaska california texas florida virginia massachusetts pennsylvania
        london paris berlin rome athens vienna madrid lisbon amsterdam brussels moscow petersburg
        stockholm copenhagen oslo helsinki dublin edinburgh glasgow manchester liverpool birmingham
        oxford cambridge munich hamburg cologne frankfurt leipzig dresden prague budapest warsaw
        cracow bucharest sofia belgrade constantinople istanbul baghdad damascus jerusalem cairo
        alexandria carthage tunis venice florence genoa milan naples pisa sicily crete cyprus
        macedonia prussia bavaria saxony normandy burgundy flanders catalonia castile andalusia
        siberia crimea mesopotamia babylon sumer persia byzantium gaul anatolia balkans scandinavia
        caribbean himalayas alps andes york boston philadelphia chicago washington francisco angeles
        beijing shanghai tokyo kyoto hiroshima nagasaki delhi mumbai calcutta sydney melbourne
        waterloo versailles verdun stalingrad marseille lyon geneva zurich basel bern gottingen
        heidelberg sahara amazon nile danube rhine thames volga ganges mississippi mediterranean
        atlantic pacific arctic baltic earth mars venus jupiter saturn neptune uranus
        """
    )

    /// Words within names of regions and waters.
    static let geography = WordList.words(
        """
        river lake mount mountain mountains sea ocean island islands bay gulf cape strait valley
        desert city kingdom empire republic states union peninsula plateau canal park coast
        """
    )

    /// Words within names of institutions.
    static let institutions = WordList.words(
        """
        university institute college school academy society company corporation labs laboratory
        laboratories museum bureau committee council department ministry party bank league
        association organisation organization foundation press church observatory parliament
        congress senate court agency commission service
        """
    )

    /// Words within names of events, prizes, wars and periods.
    static let events = WordList.words(
        """
        war wars battle treaty revolution prize event age act conference peace congress renaissance
        enlightenment reformation declaration constitution charter edict
        """
    )
}
